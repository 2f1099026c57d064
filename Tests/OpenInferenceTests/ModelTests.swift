import HTTP
import HTTPTypes
import JSON
import ModuleAPI
@testable import OpenInference
import Serving
import Testing
import TestServer
import Web

/// Versions, statistics, readiness and the repository of models.
struct ModelTests {
    private let server = Server()
    private let request = """
        {"inputs": [{"name": "input", "shape": [2, 4], "datatype": "FP32", "data": [1, 2, 3, 4, 4, 3, 2, 1]}]}
        """

    private func setWeight(_ value: Int) async {
        let row = "[\(value), 0, 0, 0]"
        #expect(await server.json(.put, "/v1/modules/fc/weight", "[\(row), \(row), \(row)]").status == 200)
    }

    @Test func theLastVersionsStayCallable() async throws {
        try await server.createTutorialLayer()
        await setWeight(7)
        await setWeight(8)
        #expect(await server.get("/v2/models/fc").json["versions"] == ["2", "3"])
        for (version, first) in [(2, 7.0), (3, 8.0)] {
            let answer = await server.json(.post, "/v2/models/fc/versions/\(version)/infer", request)
            #expect(answer.json["model_version"]?.asString == "\(version)")
            #expect(answer.json["outputs"]?.asArray?.first?["data"]?.asArray?.first == .number(.double(first)))
        }
        let gone = await server.json(.post, "/v2/models/fc/versions/1/infer", request)
        #expect(gone.status == 404)
        #expect(gone.json["error"]?.asString == "module 'fc' has no version 1 any more or yet; callable are 2, 3")
    }

    @Test func earlierVersionsAreBoundedInBytes() async throws {
        var serving = ServingOptions()
        serving.limits.keptVersions = 10
        // Two weights of 48 bytes, each with its packed copy, and three objects of 1,024 bytes around it.
        serving.limits.maxKeptVersionBytes = 2 * (2 * 48 + 3 * 1_024) + 8
        let server = Server(serving: serving)
        try await server.createTutorialLayer()
        for value in 1...5 {
            let row = "[\(value), 0, 0, 0]"
            _ = await server.json(.put, "/v1/modules/fc/weight", "[\(row), \(row), \(row)]")
        }
        #expect(await server.get("/v2/models/fc").json["versions"] == ["4", "5", "6"])
    }

    @Test func statisticsCountEachVersionForItself() async throws {
        try await server.createTutorialLayer()
        _ = await server.json(.post, "/v2/models/fc/infer", request)
        await setWeight(7)
        for _ in 0..<3 { _ = await server.json(.post, "/v2/models/fc/infer", request) }
        _ = await server.json(.post, "/v2/models/fc/infer", request.replacing("[2, 4]", with: "[4, 2]"))
        let all = await server.get("/v2/models/fc/stats").json["model_stats"]?.asArray ?? []
        #expect(all.map { $0["version"]?.asString } == ["1", "2"])
        #expect(all.map { $0["inference_count"]?.asInt } == [2, 6])
        #expect(all.map { $0["execution_count"]?.asInt } == [1, 3])
        #expect(all.map { $0["inference_stats"]?["success"]?["count"]?.asInt } == [1, 3])
        #expect(all.map { $0["inference_stats"]?["fail"]?["count"]?.asInt } == [0, 1])
        #expect(all.last?["batch_stats"]?.asArray?.map { $0["batch_size"]?.asInt } == [2])
        let one = await server.get("/v2/models/fc/versions/1/stats").json["model_stats"]?.asArray
        #expect(one?.map { $0["version"]?.asString } == ["1"])
        #expect(await server.get("/v2/models/stats").json["model_stats"]?.asArray?.count == 2)
    }

    @Test(arguments: ["compute_input", "compute_infer", "compute_output", "success"])
    func durationsAreMeasured(part: String) async throws {
        try await server.createTutorialLayer()
        var totals = [0]
        for _ in 0..<20 {
            #expect(await server.json(.post, "/v2/models/fc/infer", request).status == 200)
            let statistics = await server.get("/v2/models/fc/stats").json["model_stats"]?.asArray?.first
            totals.append(statistics?["inference_stats"]?[part]?["ns"]?.asInt ?? 0)
        }
        let durations = zip(totals.dropFirst(), totals).map { $0 - $1 }
        #expect(durations.allSatisfy { $0 > 0 })
        // What is measured is never twenty times the same.
        #expect(Set(durations).count > 1)
    }

    /// A model that is there can be called while others are still loaded.
    @Test(arguments: [(Readiness.Phase.loading, 200), (.ready, 200), (.draining, 503)])
    func aModelIsReadyBeforeTheServerIs(phase: Readiness.Phase, status: Int) async throws {
        let server = Server(readiness: Readiness(phase))
        try await server.createTutorialLayer()
        #expect(await server.get("/v2/models/fc/ready").status == status)
        #expect(await server.get("/v2/models/none/ready").status == 404)
    }

    @Test(
        arguments: ["/v2/health/ready", "/readyz", "/ping"],
        [(Readiness.Phase.loading, 503), (.ready, 200), (.draining, 503)]
    )
    func readinessFollowsThePhase(path: String, phase: (Readiness.Phase, Int)) async throws {
        let readiness = Readiness(phase.0)
        let server = Server(readiness: readiness)
        try await server.createTutorialLayer()
        let answer = await server.get(path)
        #expect(answer.status == phase.1)
        if phase.1 == 503, path.hasPrefix("/v2") { #expect(answer.json["error"] != nil) }
        #expect(await server.get("/v2/health/live").status == 200)
    }

    @Test(
        arguments: [
            ("", 404, "the folder of models has no file for 'm'"),
            ("[]", 400, "the request must be an object"),
            (#"{"parameters": []}"#, 400, "parameters must be an object"),
            ("null", 400, "the request must be an object"),
            (#"{"parameters": null}"#, 404, "the folder of models has no file for 'm'"),
            (#"{"parameters": {"config": null, "file:1/m": null}}"#, 404, "the folder of models has no file"),
            (#"{"parameters": {"config": 5}}"#, 400, "parameter 'config' must be a string"),
            (#"{"parameters": {"config": "{"}}"#, 400, "parameter 'config': expected a string"),
            (#"{"parameters": {"config": "{\"max_batch_size\": 8}"}}"#, 400, "A module needs the field 'type'."),
            (
                #"{"parameters": {"config": "{\"type\": \"ReLU\", \"name\": \"n\"}"}}"#, 400,
                "parameter 'config': The description names another module than the path."
            ),
            (#"{"parameters": {"file:1/m": "AA=="}}"#, 400, "a load with files needs the parameter 'config'"),
            (#"{"parameters": {"config": "{}", "file:1/m": "!!"}}"#, 400, "parameter 'file:1/m' must be base64"),
            (#"{"parameters": {"config": "{}", "file:1/m": "AAAA"}}"#, 400, "'file:1/m': expected at least 8"),
            (#"{"parameters": {"config": "{}", "file:1/m": "AA==", "file:1/n": "AA=="}}"#, 400, "takes one file"),
        ]
    )
    func aLoadIsRefusedByName(body: String, status: Int, words: String) async throws {
        let answer = await server.json(.post, "/v2/repository/models/m/load", body)
        #expect(answer.status == status)
        #expect(answer.json["error"]?.asString?.contains(words) == true, "\(answer.text)")
        #expect(await server.get("/v2/models").json["models"] == [])
        let index = await server.json(.post, "/v2/repository/index", "").json.asArray ?? []
        #expect(index.allSatisfy { $0["state"]?.asString == "UNAVAILABLE" && $0["reason"]?.asString?.isEmpty == false })
    }

    @Test(arguments: [("1", 400), (#""true""#, 400), ("{}", 400), ("null", 200), ("true", 200), ("false", 200)])
    func unloadDependentsIsTrueOrFalse(value: String, status: Int) async throws {
        try await server.createTutorialLayer()
        let body = #"{"parameters": {"unload_dependents": \#(value)}}"#
        #expect(await server.json(.post, "/v2/repository/models/fc/unload", body).status == status)
        #expect(await server.get("/v2/models/fc").status == (status == 200 ? 404 : 200))
    }

    @Test func aModuleThatOthersReferToIsNotUnloaded() async throws {
        try await server.createTutorialLayer()
        try await server.create(#"{"name": "net", "type": "Sequential", "modules": [{"ref": "fc"}]}"#)
        #expect(await server.json(.post, "/v2/repository/models/fc/unload", "").status == 400)
        #expect(await server.get("/v2/models/fc").status == 200)
    }
}
