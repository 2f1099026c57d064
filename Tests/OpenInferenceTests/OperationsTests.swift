import HTTP
import HTTPTypes
import JSON
import ModuleAPI
@testable import OpenInference
import Testing
import TestServer
@testable import Web

struct OperationsTests {
    private let server = Server()

    @Test func saysThatItLives() async {
        #expect(await server.get("/livez").text == #"{"status":"live"}"#)
        #expect(await server.get("/livez", as: "text/plain").text == "live\n")
        #expect(await server.get("/version").text == "{\"name\":\"callpath\",\"version\":\"\(ServerVersion.current)\"}")
    }

    @Test(
        arguments: [(.loading, 503, "not_ready"), (.ready, 200, nil), (.draining, 503, "draining")]
            as [(Readiness.Phase, Int, String?)]
    )
    func saysWhetherItIsReady(phase: Readiness.Phase, status: Int, code: String?) async {
        let answer = await Server(readiness: Readiness(phase)).get("/readyz")
        #expect(answer.status == status)
        #expect(answer.code == code)
        #expect((answer.fields[.retryAfter] != nil) == (status == 503))
    }

    @Test func servesItsOwnDescription() async throws {
        let answer = await server.get("/openapi.yaml")
        #expect(answer.text.hasPrefix("openapi: "))
        #expect(answer.fields[.contentType] == "application/yaml")
        let tag = try #require(answer.fields[.eTag])
        #expect(await server.send(.get, "/openapi.yaml", [.ifNoneMatch: tag]).status == 304)
    }

    @Test func showsMetrics() async {
        let answer = await server.get("/metrics")
        #expect(answer.status == 200)
        #expect(answer.fields[.contentType] == "text/plain; version=0.0.4; charset=utf-8")
    }

    @Test func answersHeadWithTheFieldsOfGet() async {
        let head = await server.send(.head, "/version")
        #expect(head.status == 200)
        var fields = (await server.get("/version")).fields
        // Each request has an identity of its own.
        fields[.xRequestID] = head.fields[.xRequestID]
        #expect(head.fields == fields)
    }

    @Test func answersOptionsEverywhere() async {
        for route in server.routes {
            let path = route.template.description.replacing("...", with: "")
            let answer = await server.send(.options, path)
            #expect(answer.status == 204)
            #expect(answer.fields[.allow]?.contains(route.method.rawValue) == true)
        }
    }

    @Test(arguments: [
        (HTTPRequest.Method.get, "/nowhere", 404, "not_found"),
        (.delete, "/livez", 405, "method_not_allowed"), (.get, "/%zz", 400, "malformed_target"),
        (.get, "/v1/modules?limit=%zz", 400, "malformed_target"), (.trace, "/livez", 405, "method_not_allowed"),
    ])
    func answersWhatNoRouteTakes(method: HTTPRequest.Method, target: String, status: Int, code: String) async {
        let answer = await server.send(method, target)
        #expect(answer.status == status)
        #expect(answer.code == code)
        #expect(answer.json["type"]?.asString == "urn:callpath:problem:\(code)")
        #expect(answer.json["status"]?.asInt == status)
        #expect((answer.fields[.allow] != nil) == (status == 405))
    }

    @Test func knowsNoOtherMethods() async throws {
        let method = try #require(HTTPRequest.Method("BREW"))
        #expect(await server.send(method, "/livez").code == "method_not_implemented")
    }

    @Test func takesTheContentCodingOffABody() async throws {
        let gzip: [UInt8] = [  // gzip of {"type": "ReLU", "name": "zipped"}
            0x1F, 0x8B, 0x08, 0, 0, 0, 0, 0, 2, 3,
        ]
        let cut = await server.send(
            .post,
            "/v1/modules",
            [.contentType: "application/json", .contentEncoding: "gzip"],
            body: gzip
        )
        #expect(cut.status == 400)
        #expect(cut.code == "malformed_content_coding")
        let unknown = await server.send(
            .post,
            "/v1/modules",
            [.contentType: "application/json", .contentEncoding: "br"],
            body: gzip
        )
        #expect(unknown.status == 415)
        #expect(unknown.fields[.acceptEncoding] == "gzip, deflate")
    }

    @Test func everyProblemCodeHasATitleOfItsOwn() {
        #expect(Set(ProblemCode.allCases.map(\.title)).count == ProblemCode.allCases.count)
        #expect(ProblemCode.malformedJSON.title == "Malformed JSON")
        #expect(ProblemCode.allCases.allSatisfy { (400...599).contains($0.status) })
    }
}
