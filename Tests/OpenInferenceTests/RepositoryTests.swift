import Dispatch
import Foundation
import HTTP
import HTTPTypes
import JSON
import Models
import ModuleAPI
@testable import OpenInference
@testable import Serving
import Testing
import TestServer
import Web

/// What the repository says of models that are on their way, in or out.
@Suite(.timeLimit(.minutes(5)))
struct RepositoryTests {
    private let server = Server()
    private static let request = """
        {"inputs": [{"name": "input", "shape": [1, 4], "datatype": "FP32", "data": [1, 2, 3, 4]}]}
        """
    private static let linear = #"{\"type\": \"Linear\", \"in_features\": 4, \"out_features\": 3}"#
    private static let load = #"{"parameters": {"config": "\#(linear)"}}"#

    /// The index, a model a row: name, version, state, reason.
    private func index(_ server: Server? = nil, _ body: String = "") async -> [String] {
        let answer = await (server ?? self.server).json(.post, "/v2/repository/index", body)
        return (answer.json.asArray ?? []).map { row in
            ["name", "version", "state", "reason"].compactMap { row[$0]?.asString }.joined(separator: " ")
        }
    }

    /// Waits until the index holds `row`.
    private func wait(for row: String, _ server: Server? = nil) async {
        while await !index(server).contains(row) { await Task.yield() }
    }

    /// Runs `body` while no change of the registry gets done.
    private func holdingChanges<Result>(
        of server: Server,
        _ body: () async throws -> Result
    ) async throws -> Result {
        let gate = DispatchSemaphore(value: 0)
        let (begun, continuation) = AsyncStream.makeStream(of: Void.self)
        let holder = Task {
            try await server.api.registry.betweenChanges {
                continuation.yield()
                gate.wait()
            }
        }
        for await _ in begun { break }
        let result: Result
        do {
            result = try await body()
            gate.signal()
        } catch {
            gate.signal()
            throw error
        }
        try await holder.value
        return result
    }

    @Test func aModelThatIsBeingLoadedIsLoading() async throws {
        #expect(await index() == [])
        let load = try await holdingChanges(of: server) {
            let load = Task { await server.json(.post, "/v2/repository/models/m/load", Self.load) }
            await wait(for: "m LOADING ")
            #expect(await index(nil, #"{"ready": true}"#) == [])
            for path in ["/v2/models/m", "/v2/models/m/ready", "/v2/models/m/stats", "/v2/models/m/versions/1/config"] {
                let answer = await server.get(path)
                #expect(answer.status == 503, "\(path)")
                #expect(answer.json["error"]?.asString == "Model 'm' is being loaded.")
                #expect(answer.fields[.retryAfter] == "1")
            }
            #expect(await server.json(.post, "/v2/models/m/infer", Self.request).status == 503)
            return load
        }
        #expect(await load.value.status == 200)
        #expect(await index() == ["m 1 READY "])
        #expect(await server.get("/v2/models/m/ready").status == 200)
    }

    @Test func aModelServesWhileItsNextVersionIsLoaded() async throws {
        try await server.createTutorialLayer()
        let load = try await holdingChanges(of: server) {
            let load = Task { await server.json(.post, "/v2/repository/models/fc/load", Self.load) }
            await wait(for: "fc 1 READY another version is being loaded")
            #expect(await server.json(.post, "/v2/models/fc/infer", Self.request).status == 200)
            #expect(await server.get("/v2/models/fc/ready").status == 200)
            return load
        }
        #expect(await load.value.status == 200)
        #expect(await index() == ["fc 2 READY "])
    }

    @Test func aModelWhoseCallsAreNotDoneIsUnloading() async throws {
        try await server.createTutorialLayer()
        let model = try await server.api.registry.module("fc")
        model.activity.begin()
        let unload = Task { await server.json(.post, "/v2/repository/models/fc/unload", "") }
        await wait(for: "fc UNLOADING calls in flight finish")
        #expect(await server.get("/v2/models/fc/ready").status == 404)
        model.activity.end()
        #expect(await unload.value.status == 200)
        #expect(await index() == ["fc UNAVAILABLE unloaded"])
        #expect(await server.json(.post, "/v2/repository/models/fc/load", Self.load).status == 200)
        #expect(await index().first?.hasPrefix("fc 2 READY") == true)
    }

    /// All that the folder holds is on its way until it is in, whatever its turn.
    @Test func theModelsOfTheFolderAreLoadingUntilTheyAreIn() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let header = #"{"weight": {"dtype": "F32", "shape": [1, 1], "data_offsets": [0, 4]}}"#
        let file = [UInt8(header.utf8.count), 0, 0, 0, 0, 0, 0, 0] + Array(header.utf8) + [0, 0, 0, 0]
        for name in ["a", "b"] { try Data(file).write(to: folder.appendingPathComponent("\(name).safetensors")) }
        try Data("oops".utf8).write(to: folder.appendingPathComponent("c.safetensors"))
        let models = ModelFolder(path: folder.path)
        let server = Server(readiness: Readiness(.loading), repository: ModelRepository(folder: models))
        #expect(await index(server) == ["a", "b", "c"].map { "\($0) UNAVAILABLE not loaded" })
        let load = try await holdingChanges(of: server) {
            let load = Task {
                try await server.inference.loadModels(from: models) { _, _, _ in
                } didRefuse: { _, _ in
                }
            }
            await wait(for: "a LOADING ", server)
            #expect(await index(server) == ["a LOADING ", "b LOADING ", "c LOADING "])
            #expect(await server.get("/v2/models/b/ready").status == 503)
            return load
        }
        try await load.value
        let states = ["a 1 READY ", "b 1 READY ", "c UNAVAILABLE expected at least 8 bytes, got 4"]
        #expect(await index(server) == states)
        #expect(await server.get("/v2/models/a/ready").status == 200)
        #expect(await server.get("/v2/health/ready").status == 503)
    }

    @Test(arguments: [
        ("", 2), ("{}", 2), (#"{"ready": null}"#, 2), (#"{"ready": false}"#, 2), (#"{"ready": true}"#, 1),
    ])
    func theIndexIsFilteredByWhatIsReady(body: String, count: Int) async throws {
        try await server.createTutorialLayer()
        try await server.create(#"{"name": "gone", "type": "ReLU"}"#)
        #expect(await server.json(.post, "/v2/repository/models/gone/unload", "").status == 200)
        #expect(await index(nil, body).count == count)
    }

    /// A registry of many modules is read in pages: as many as `limit` says, after the last name of the page before.
    @Test(arguments: [1, 2, 3, 5, 6, 100])
    func theIndexComesInPages(limit: Int) async throws {
        for name in ["e", "a", "c"] { try await server.create(#"{"name": "\#(name)", "type": "ReLU"}"#) }
        for name in ["b", "f"] {
            try await server.create(#"{"name": "\#(name)", "type": "ReLU"}"#)
            #expect(await server.json(.post, "/v2/repository/models/\(name)/unload", "").status == 200)
        }
        let all = await index()
        #expect(all.map { String($0.prefix(1)) } == ["a", "b", "c", "e", "f"])
        var pages: [String] = []
        var after = ""
        while true {
            let page = await index(nil, #"{"limit": \#(limit), "after": "\#(after)"}"#)
            pages += page
            #expect(page.count <= limit)
            guard page.count == limit, let last = page.last?.split(separator: " ").first else { break }
            after = String(last)
        }
        #expect(pages == all)
        let ready = await index(nil, #"{"limit": \#(limit), "ready": true}"#)
        #expect(ready.map { String($0.prefix(1)) } == Array(["a", "c", "e"].prefix(limit)))
    }

    @Test(arguments: [
        #"{"limit": 0}"#, #"{"limit": -1}"#, #"{"limit": 1.5}"#, #"{"limit": "1"}"#, #"{"after": 1}"#,
        "null", "[]", "1", #"{"ready": 1}"#, #"{"ready": "true"}"#, "{",
    ])
    func anIndexIsNotAskedForInOtherWays(body: String) async {
        let answer = await server.json(.post, "/v2/repository/index", body)
        #expect(answer.status == 400)
        #expect(answer.json["error"] != nil)
    }

    /// A name that nobody has a model for is a slip of the pen, no model that is unavailable.
    @Test func aModelThatThereIsNotIsNotInTheIndex() async {
        #expect(await server.send(.post, "/v2/repository/models/slip/load").status == 404)
        #expect(await index() == [])
    }

    /// Why a load failed is of no interest any more once the name was used for something else.
    @Test func aReasonGoesWhenTheNameServes() async throws {
        let bad = #"{"parameters": {"config": "{\"type\": \"Nothing\"}"}}"#
        #expect(await server.json(.post, "/v2/repository/models/m/load", bad).status == 400)
        #expect(await index().first?.hasPrefix("m UNAVAILABLE ") == true)
        #expect(await server.json(.put, "/v1/modules/m", #"{"type": "ReLU"}"#).status == 201)
        #expect(await server.send(.delete, "/v1/modules/m").status == 204)
        #expect(await index() == [])
    }
}
