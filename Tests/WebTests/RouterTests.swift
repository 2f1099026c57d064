import HTTPTypes
import Testing

@testable import Web

struct RouterTests {
    private let router = Router(
        [
            route(.get, "/v1/modules"), route(.post, "/v1/modules"), route(.get, "/v1/modules/{name}"),
            route(.get, "/v1/modules/{name}/weight"), route(.get, "/v1/modules/{name}/parameters/{path...}"),
            route(.get, "/v2"), route(.get, "/v2/"), route(.get, "/v2/models/stats"), route(.get, "/v2/models/{model}"),
            route(.post, "/v2/models/{model}/infer"),
        ])

    private static func route(_ method: HTTPRequest.Method, _ template: String) -> Route {
        Route(
            method,
            template,
            "\(method) \(template)",
            scope: .open,
            statuses: [200],
            reply: { _ in throw CancellationError() }
        )
    }

    private func resolve(_ method: HTTPRequest.Method, _ path: String) -> String {
        let path = Array(path.utf8)[...]
        switch router.resolve(method, path: path) {
        case .route(let route):
            let values = route.template.parameterNames.map { route.template.value(of: $0, in: path.span) }
            return "\(route.operation) " + values.joined(separator: ",")
        case .options(let allow): return "options \(allow.map(\.rawValue).joined(separator: " "))"
        case .methodNotAllowed(let allow): return "405 \(allow.map(\.rawValue).joined(separator: " "))"
        case .methodNotImplemented: return "501"
        case .notFound: return "404"
        case .malformedPath: return "400"
        }
    }

    @Test(arguments: [
        ("/v1/modules", "GET /v1/modules "),
        ("/v1/modules/fc", "GET /v1/modules/{name} fc"),
        ("/v1/modules/fc/weight", "GET /v1/modules/{name}/weight fc"),
        ("/v1/modules/fc/parameters/0.weight", "GET /v1/modules/{name}/parameters/{path...} fc,0.weight"),
        ("/v1/modules/fc/parameters/a/b.weight", "GET /v1/modules/{name}/parameters/{path...} fc,a/b.weight"),
        ("/v2", "GET /v2 "), ("/v2/", "GET /v2/ "),
    ])
    func findsTheRouteAndItsParameters(path: String, expected: String) {
        #expect(resolve(.get, path) == expected)
    }

    @Test func prefersALiteralButComesBackFromIt() {
        #expect(resolve(.get, "/v2/models/stats") == "GET /v2/models/stats ")
        #expect(resolve(.post, "/v2/models/stats/infer") == "POST /v2/models/{model}/infer stats")
    }

    @Test(arguments: [
        ("/v1/m%6Fdules", "GET /v1/modules "),
        ("/v1/modules/f%63", "GET /v1/modules/{name} fc"),
        ("/v1/modules/a%2Fweight", "GET /v1/modules/{name} a/weight"),
        ("/v1/modules/%2541", "GET /v1/modules/{name} %41"),
        ("/v1/modules/%zz", "400"), ("/v1/modules/%zz/weight", "400"), ("/v1/modules/fc/parameters/a/%zz", "400"),
        ("/%", "400"), ("/nothing/%2", "400"),
    ])
    func decodesEachSegmentOnce(path: String, expected: String) {
        #expect(resolve(.get, path) == expected)
    }

    @Test(arguments: [
        "", "/", "/v1", "/v1/modules/", "/v1/modules//weight", "/v1/modules/fc/", "/v1/modules/fc/parameters",
        "/v1/modules/fc/parameters/", "/V1/modules", "//v1/modules", "/v1/modules/fc/weight/x",
        "/../../etc/passwd", "/v1/modules/fc/../weight",
    ])
    func findsNothingElse(path: String) {
        #expect(resolve(.get, path) == "404")
    }

    @Test(arguments: [
        (HTTPRequest.Method.delete, "405 GET HEAD POST OPTIONS"), (.trace, "405 GET HEAD POST OPTIONS"),
        (.options, "options GET HEAD POST OPTIONS"), (.head, "GET /v1/modules "),
    ])
    func saysWhatAPathAllows(method: HTTPRequest.Method, expected: String) {
        #expect(resolve(method, "/v1/modules") == expected)
    }

    @Test func answersNoHeadWhereThereIsNoGet() {
        #expect(resolve(.head, "/v2/models/m/infer") == "405 POST OPTIONS")
    }

    @Test(arguments: ["FOOBAR", "get", "!#$%&'*+-.^_`|~"])
    func implementsNoOtherMethods(name: String) throws {
        #expect(resolve(try #require(HTTPRequest.Method(name)), "/v1/modules") == "501")
        #expect(resolve(try #require(HTTPRequest.Method(name)), "/nowhere") == "501")
    }

    @Test func answersOptionsForTheWholeServer() {
        #expect(resolve(.options, "*") == "options GET HEAD POST OPTIONS")
        #expect(resolve(.get, "*") == "405 GET HEAD POST OPTIONS")
    }
}
