import HTTP
import HTTPTypes
import Testing
import TestServer
import Web

@testable import OpenInference

/// What may stand behind the `?`, the same on every route.
struct QueryTests {
    private let server = Server()

    /// A path of `route` that leads to something.
    private func path(_ route: Route) -> String {
        route.template.description.replacing("{name}", with: "fc").replacing("{id}", with: "1")
            .replacing("{version}", with: "1").replacing("{repository}", with: "r").replacing(
                "{path...}",
                with: "weight"
            )
    }

    @Test func everyRouteOfOursRefusesAParameterThatItDoesNotKnow() async throws {
        for route in server.routes where route.query != nil {
            let server = Server()
            try await server.createTutorialLayer()
            let answer = await server.json(route.method, "\(path(route))?grad=1&nonsense=2", "{}")
            #expect(answer.status == 400, "\(route.operation): \(answer.text)")
            #expect(answer.code == "malformed_query", "\(route.operation)")
            let unknown = route.query?.contains("grad") == true ? "nonsense" : "grad"
            #expect(answer.detail?.contains("no parameter '\(unknown)'") == true, "\(route.operation)")
            for name in route.query ?? [] { #expect(answer.detail?.contains(name) == true, "\(route.operation)") }
        }
    }

    @Test func noParameterStandsTwice() async throws {
        try await server.createTutorialLayer()
        let answer = await server.get("/v1/modules?limit=1&limit=2")
        #expect(answer.code == "malformed_query")
        #expect(answer.detail == "'limit' stands twice in the query.")
    }

    /// Clients of the protocol let their users add parameters for gateways; their own examples do.
    @Test func theProtocolIgnoresQueries() async throws {
        let routes = server.routes.filter { $0.template.description.hasPrefix("/v2") }
        #expect(routes.allSatisfy { $0.query == nil })
        for route in routes {
            var statuses: [Int] = []
            for query in ["", "?test_1=1&test_2=%20&test_1"] {
                let server = Server()
                try await server.createTutorialLayer()
                statuses.append(await server.send(route.method, path(route) + query).status)
            }
            #expect(statuses.first == statuses.last, "\(route.operation)")
        }
    }

    @Test(arguments: ["/livez?", "/v1/modules?", "/v1/modules?&"])
    func anEmptyQueryIsNone(target: String) async {
        #expect(await server.get(target).status == 200)
    }

    @Test func whatIsNotThereIsNotThereWithAQueryToo() async {
        #expect(await server.get("/nowhere?x=1").status == 404)
        #expect(await server.send(.options, "/v1/modules?x=1").status == 204)
    }
}
