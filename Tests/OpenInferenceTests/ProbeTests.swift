import HTTP
import HTTPTypes
import JSON
import ModuleAPI
import Serving
import TestServer
import Testing
import Web

@testable import OpenInference

/// What balancers, monitors and platforms ask, in whatever way they do.
struct ProbeTests {
    private static let paths = [
        "/", "/livez", "/readyz", "/version", "/metrics", "/openapi.yaml", "/openapi.json", "/ping",
    ]

    @Test(arguments: paths, ["verbose", "a&a", "x=%zz", "=", "exclude=etcd&exclude=ping", "%"])
    func anyQueryIsIgnored(path: String, query: String) async {
        for method in [HTTPRequest.Method.get, .head] {
            #expect(await Server().send(method, "\(path)?\(query)").status == 200)
        }
    }

    @Test(arguments: paths, ["text/html", "image/gif", "application/xml;q=0.9", "*/*;q=0", "nonsense"])
    func anyAcceptIsAnswered(path: String, accept: String) async {
        let isForPeople = path == "/" && accept == "text/html"
        #expect(await Server().get(path, as: accept).status == (isForPeople ? 303 : 200))
    }

    @Test func theInterfaceOfModulesStaysStrict() async {
        #expect(await Server().get("/v1/modules?verbose").status == 400)
        #expect(await Server().get("/v1/modules", as: "text/html").status == 406)
    }

    @Test func anInvocationIgnoresItsQueryButForGradients() async throws {
        let server = Server()
        try await server.createTutorialLayer()
        for query in ["x=1", "a&a", "grad=maybe", "grad=true&grad=true", "%zz"] {
            let answer = await server.json(.post, "/invocations?\(query)", #"{"input": [1, 2, 3, 4]}"#)
            #expect(answer.status == 200)
            #expect(answer.json["grad_fn"] == nil)
        }
        let answer = await server.json(.post, "/invocations?grad=true", #"{"input": [1, 2, 3, 4]}"#)
        #expect(answer.json["grad_fn"]?.asString?.isEmpty == false)
    }

    @Test(arguments: [(Readiness.Phase.loading, 503), (.ready, 200), (.draining, 503)])
    func theRootSaysHowTheServerIs(phase: Readiness.Phase, status: Int) async {
        let server = Server(readiness: Readiness(phase))
        let answer = await server.get("/", as: "application/xml")
        #expect(answer.status == status)
        #expect(answer.json["status"]?.asString == "\(phase)")
        #expect(answer.json["links"]?["ready"] == "/readyz")
        #expect((answer.fields[.retryAfter] != nil) == (status == 503))
        #expect(await server.send(.head, "/").status == status)
        #expect(await server.send(.options, "/").status == 204)
        #expect(await server.send(.post, "/").code == "method_not_allowed")
    }

    @Test(arguments: ["*/*", "text/html"])
    func theRootOfThePortForOperationsNamesWhatIsThere(accept: String) async throws {
        let client = Client(address: "127.0.0.1", isOnOperationsPort: true)
        let interface = InferenceAPI(api: API(registry: Server().api.registry)).interface()
        let request = Request(Request(method: .get, target: "/", fields: [.accept: accept]), client: client)
        let answer = Received(await interface.handler(offering: .operations)(request).response)
        #expect(answer.status == 200)
        let links = try #require(answer.json["links"]?.asObject)
        #expect(Array(links.keys) == ["live", "ready", "metrics"])
        for path in links.keys.compactMap({ links[$0]?.asString }) {
            let request = Request(Request(method: .get, target: path), client: client)
            #expect(Received(await interface.handler(offering: .operations)(request).response).status == 200)
        }
    }

    @Test func theRootBesideAPortForOperationsNamesNoMetrics() async throws {
        var options = API.Options()
        options.hasOperationsPort = true
        let links = try #require(await Server(options: options).get("/").json["links"]?.asObject)
        #expect(links.keys.contains("modules") && !links.keys.contains("metrics"))
    }

    @Test(arguments: [
        ("text/html,application/xhtml+xml,*/*;q=0.8", "/console"), ("text/html", "/console"),
        ("application/json;q=0.1, text/html", "/console"), ("*/*", nil), ("application/json, text/html;q=0.9", nil),
        ("text/html;q=0.1, */*", nil), ("", nil), ("image/png", nil),
    ])
    func peopleAreSentToTheConsole(accept: String, location: String?) async {
        let answer = await Server().get("/", as: accept)
        #expect(answer.status == (location == nil ? 200 : 303))
        #expect(answer.fields[.location] == location)
    }

    @Test(arguments: [
        ("application/json; charset=utf-8", 200), ("text/html, image/gif, *; q=.2, */*; q=.2", 200), ("*", 200),
        ("application/json;version=1;q=0.5", 200), ("*;q=0", 406), ("text/html", 406), ("application/json;q=.0", 406),
        ("application/*;odata=verbose", 200),
    ])
    func parametersThatAFormDoesNotHaveTellNothing(accept: String, status: Int) async {
        #expect(await Server().get("/v1/modules", as: accept).status == status)
    }

    @Test(arguments: [
        ("application/octet-stream; charset=binary", "application/octet-stream"),
        ("application/x-safetensors;v=1", "application/x-safetensors"),
        ("text/plain; format=flowed", "text/plain; charset=utf-8"),
        ("text/plain;q=.2, application/octet-stream;x=y;q=.3", "application/octet-stream"),
    ])
    func everyFormIsHadWithParameters(accept: String, type: String) async throws {
        let server = Server()
        try await server.createTutorialLayer()
        let answer = await server.json(.post, "/v1/modules/fc/call", #"{"input": [1, 2, 3, 4]}"#, [.accept: accept])
        #expect(answer.status == 200)
        #expect(answer.fields[.contentType] == type)
    }

    @Test func aPrefixStandsBeforeEveryPathOrNot() async throws {
        var options = API.Options()
        options.pathPrefix = try #require(PathPrefix("/x/y"))
        let server = Server(options: options)
        for prefix in ["", "/x/y"] {
            #expect(await server.get("\(prefix)/livez").status == 200)
            #expect(await server.get("\(prefix)/v2/models/none").json["error"] != nil)
            #expect(await server.get("\(prefix)/v1/nowhere?x=%zz").code == "not_found")
            let created = await server.json(.post, "\(prefix)/v1/modules", #"{"name": "m", "type": "ReLU"}"#)
            #expect(created.fields[.location] == "/x/y/v1/modules/m")
            let hook = #"{"kind": "forward", "action": {"type": "capture"}}"#
            let hooked = await server.json(.post, "\(prefix)/v1/modules/m/hooks", hook)
            #expect(hooked.fields[.location]?.hasPrefix("/x/y/v1/modules/m/hooks/") == true)
            #expect(await server.get("\(prefix)/openapi.yaml").text.contains("\nservers: [{url: '/x/y'}]\n"))
            #expect(await server.get("\(prefix)/").json["links"]?["modules"] == "/x/y/v1/modules")
            #expect(await server.send(.delete, "\(prefix)/v1/modules/m").status == 204)
        }
        for path in ["/x/livez", "/x/yz/livez", "/y/x/livez", "/x/y/x/y/livez"] {
            #expect(await server.get(path).status == 404, "\(path)")
        }
        #expect(await server.get("/x/y").json["name"] == "callpath")
    }
}
