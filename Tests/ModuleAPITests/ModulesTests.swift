import HTTP
import HTTPTypes
import JSON
import Serving
import Testing
import TestServer
import Web

@testable import ModuleAPI

struct ModulesTests {
    private let server = Server()
    private let linear = #""type": "Linear", "in_features": 4, "out_features": 3"#

    @Test func createsAModuleAndSaysWhereItIs() async {
        let answer = await server.json(.post, "/v1/modules", "{\"name\": \"fc\", \(linear), \"seed\": 0}")
        #expect(answer.status == 201)
        #expect(answer.fields[.location] == "/v1/modules/fc")
        #expect(answer.fields[.eTag] == "\"1-1a2b3c4d\"")
        #expect(answer.json["repr"] == "Linear(in_features=4, out_features=3, bias=True)")
        #expect(answer.json["parameters"]?[0]?["shape"] == [3, 4])
        #expect(answer.json["version"] == 1)
        #expect(await server.get("/v1/modules/fc").body == answer.body)
    }

    @Test func takesNullForWhatPyTorchLeavesToNone() async {
        let answer = await server.json(
            .post,
            "/v1/modules",
            "{\"name\": \"fc\", \(linear), \"dtype\": null, \"seed\": null}"
        )
        #expect(answer.status == 201, "\(answer.text)")
        #expect(answer.json["dtype"] == "float32")
    }

    @Test func givesANameToAModuleWithout() async throws {
        let answer = await server.json(.post, "/v1/modules", "{\(linear)}")
        let name = try #require(answer.json["name"]?.asString)
        #expect(await server.get("/v1/modules/\(name)").status == 200)
    }

    @Test func printsAModuleAsPyTorchDoes() async throws {
        try await server.create(
            """
            {"name": "net", "type": "Sequential", "modules": {
                "hidden": {\(linear)}, "act": {"type": "GELU", "approximate": "tanh"}}}
            """
        )
        #expect(
            await server.get("/v1/modules/net", as: "text/plain").text == """
                Sequential(
                  (hidden): Linear(in_features=4, out_features=3, bias=True)
                  (act): GELU(approximate='tanh')
                )

                """
        )
    }

    @Test func takesItsOwnDocumentBack() async throws {
        try await server.create(
            "{\"name\": \"net\", \"type\": \"Sequential\", \"training\": true, \"modules\": [{\(linear)}, {\"type\": \"ReLU\"}]}"
        )
        let document = await server.get("/v1/modules/net")
        let answer = await server.json(.put, "/v1/modules/net", document.text)
        #expect(answer.status == 200)
        #expect(answer.json["version"] == 2)
        #expect(answer.json["repr"] == document.json["repr"])
        #expect(answer.json["training"] == true)
    }

    @Test func listsModulesByNamePageByPage() async throws {
        for name in ["b", "a2", "a1"] { try await server.create("{\"name\": \"\(name)\", \"type\": \"ReLU\"}") }
        let first = await server.get("/v1/modules?limit=2").json
        #expect(first["modules"]?.asArray?.map { $0["name"] } == ["a1", "a2"])
        #expect(first["next"] == "a2")
        let second = await server.get("/v1/modules?limit=2&after=a2").json
        #expect(second["modules"]?.asArray?.map { $0["name"] } == ["b"])
        #expect(second["next"] == .null)
        #expect(await server.get("/v1/modules?prefix=b").json["modules"]?.asArray?.count == 1)
    }

    @Test(arguments: ["limit=0", "limit=x", "limit=1001", "limit=", "limit=1&limit=2", "strange=1"])
    func refusesAQueryThatMeansNothing(query: String) async {
        let answer = await server.get("/v1/modules?\(query)")
        #expect(answer.status == 400)
        #expect(answer.code == "malformed_query")
    }

    @Test func refusesANameThatIsTaken() async throws {
        try await server.createTutorialLayer()
        let answer = await server.json(.post, "/v1/modules", "{\"name\": \"fc\", \"type\": \"ReLU\"}")
        #expect(answer.status == 409)
        #expect(answer.code == "name_taken")
        #expect(await server.get("/v1/modules/fc").json["type"] == "Linear")
    }

    @Test func neverUsesAVersionTwice() async throws {
        try await server.create("{\"name\": \"m\", \"type\": \"ReLU\"}")
        #expect(await server.send(.delete, "/v1/modules/m").status == 204)
        #expect(await server.get("/v1/modules/m").code == "module_not_found")
        let again = await server.json(.put, "/v1/modules/m", "{\"type\": \"Tanh\"}")
        #expect(again.status == 201)
        #expect(again.json["version"]?.asInt ?? 0 > 1)
    }

    @Test func keepsAModuleThatOthersReferTo() async throws {
        try await server.createTutorialLayer()
        try await server.create("{\"name\": \"net\", \"type\": \"Sequential\", \"modules\": [{\"ref\": \"fc\"}]}")
        let deletion = await server.send(.delete, "/v1/modules/fc")
        #expect(deletion.status == 409)
        #expect(deletion.code == "module_in_use")
        #expect(await server.json(.put, "/v1/modules/fc", "{\"type\": \"ReLU\"}").status == 409)
        #expect(await server.send(.delete, "/v1/modules/net").status == 204)
        #expect(await server.send(.delete, "/v1/modules/fc").status == 204)
    }

    @Test func honoursConditionsOnChanges() async throws {
        try await server.createTutorialLayer()
        let replacement = #"{"type": "ReLU"}"#
        #expect(await server.json(.put, "/v1/modules/fc", replacement, [.ifMatch: "\"7-1a2b3c4d\""]).status == 412)
        #expect(await server.json(.put, "/v1/modules/fc", replacement, [.ifMatch: "W/\"1-1a2b3c4d\""]).status == 412)
        #expect(
            await server.json(.put, "/v1/modules/fc", replacement, [.ifNoneMatch: "*"]).code == "precondition_failed"
        )
        #expect(await server.json(.put, "/v1/modules/none", replacement, [.ifMatch: "*"]).status == 412)
        #expect(await server.get("/v1/modules/fc").json["type"] == "Linear")
        #expect(await server.json(.put, "/v1/modules/fc", replacement, [.ifMatch: "\"1-1a2b3c4d\""]).status == 200)
        #expect(await server.json(.put, "/v1/modules/new", replacement, [.ifNoneMatch: "*"]).status == 201)
    }

    @Test func honoursConditionsOnReads() async throws {
        try await server.createTutorialLayer()
        let plain = await server.get("/v1/modules/fc")
        let tag = try #require(plain.fields[.eTag])
        let known = await server.send(.get, "/v1/modules/fc", [.ifNoneMatch: "\"9-1a2b3c4d\", W/\(tag)"])
        #expect(known.status == 304)
        #expect(known.fields[.eTag] == tag)
        #expect(known.body.isEmpty)
        #expect(await server.send(.get, "/v1/modules/fc", [.ifNoneMatch: "*"]).status == 304)
        #expect(await server.send(.get, "/v1/modules/fc", [.ifNoneMatch: "\"9\""]).status == 200)
        #expect(await server.send(.get, "/v1/modules/fc", [.ifMatch: "\"9\""]).status == 412)
        let asText = await server.send(.get, "/v1/modules/fc", [.ifNoneMatch: tag, .accept: "text/plain"])
        #expect(asText.status == 200, "text is another representation")
        #expect(asText.fields[.vary] == "Accept")
    }
}
