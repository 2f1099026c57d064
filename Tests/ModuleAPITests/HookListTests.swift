import HTTP
import HTTPTypes
import JSON
import Serving
import TestServer
import Testing
import Web

@testable import ModuleAPI

/// A hook in a list is what its own URL shows, with what it has gathered.
struct HookListTests {
    @Test(arguments: ["/v1/modules/fc/hooks", "/v1/hooks"])
    func aListShowsEachHookWhole(path: String) async throws {
        let server = Server()
        try await server.createTutorialLayer()
        for action in [#"{"type": "capture"}"#, #"{"type": "statistics"}"#, #"{"type": "scale", "value": 2}"#] {
            let hook = await server.json(.post, path, #"{"kind": "forward", "action": \#(action)}"#)
            try #require(hook.status == 201, "\(hook.text)")
        }
        for _ in 0..<2 {
            let hooks = try #require(await server.get(path).json["hooks"]?.asArray)
            #expect(hooks.count == 3)
            for hook in hooks {
                let id = try #require(hook["id"]?.asInt)
                #expect(await server.get("\(path)/\(id)").json == hook)
            }
            #expect(await server.json(.post, "/v1/modules/fc/call", #"{"input": [1, 2, 3, 4]}"#).status == 200)
        }
        let gathered = try #require(await server.get(path).json["hooks"]?.asArray)
        #expect(gathered[0]["capture"]?["shape"] == [3])
        #expect(gathered[1]["statistics"]?["count"]?.asInt == 6)
    }

    /// A version of a module has its document for good: what its hooks gather stands where they are listed.
    @Test func theDocumentOfAModuleShowsHooksAsTheyWereAskedFor() async throws {
        let server = Server()
        try await server.createTutorialLayer()
        for action in [#"{"type": "capture"}"#, #"{"type": "statistics"}"#] {
            let body = #"{"kind": "forward", "action": \#(action)}"#
            #expect(await server.json(.post, "/v1/modules/fc/hooks", body).status == 201)
        }
        let before = await server.get("/v1/modules/fc")
        #expect(await server.json(.post, "/v1/modules/fc/call", #"{"input": [1, 2, 3, 4]}"#).status == 200)
        let after = await server.get("/v1/modules/fc")
        #expect(after.fields[.eTag] == before.fields[.eTag])
        #expect(after.json == before.json)
        let hooks = try #require(after.json["hooks"]?.asArray)
        #expect(hooks.count == 2)
        for hook in hooks { #expect(hook["capture"] == nil && hook["statistics"] == nil) }
    }

    @Test func aListThatWouldBeTooLongIsRefused() async throws {
        var options = API.Options()
        options.maxAnswerBytes = 24
        let server = Server(options: options)
        try await server.createTutorialLayer()
        _ = await server.json(.post, "/v1/hooks", #"{"kind": "forward", "action": {"type": "capture"}}"#)
        let bytes = [UInt8](repeating: 0, count: 16)
        let fields: HTTPFields = [
            .contentType: "application/octet-stream", .accept: "application/octet-stream",
            .tensorShape: "4", .tensorDtype: "float32",
        ]
        #expect(await server.send(.post, "/v1/modules/fc/call", fields, body: bytes).status == 200)
        #expect(await server.get("/v1/hooks").code == "answer_too_large")
    }
}
