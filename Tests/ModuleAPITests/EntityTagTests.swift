import HTTP
import HTTPTypes
import JSON
@testable import ModuleAPI
import Serving
import Testing
import TestServer
import Web

/// Tags of one server mean nothing to another, nor to the same after a restart: both count versions from 1.
struct EntityTagTests {
    private let server = Server()

    init() async throws {
        try await server.createTutorialLayer()
    }

    private static let paths = ["/v1/modules/fc", "/v1/modules/fc/weight", "/v1/modules/fc/state_dict"]

    @Test(arguments: paths)
    func aTagNamesTheVersionAndTheRun(path: String) async throws {
        let tag = try #require(await server.get(path).fields[.eTag])
        #expect(tag == "\"1-\(Server.tag)\"")
        for held in [tag, "W/\(tag)", "\"x\", \(tag)", "\"1-\(Server.tag)-gzip\""] {
            #expect(await server.send(.get, path, [.ifNoneMatch: held]).status == 304, "\(held)")
        }
    }

    @Test(
        arguments: paths,
        ["\"1\"", "\"1-00000000\"", "\"1-1a2b3c4\"", "\"1-1a2b3c4dd\"", "\"1a2b3c4d-1\"", "\"01-1a2b3c4d\""]
    )
    func aTagOfAnotherRunMatchesNothing(path: String, tag: String) async {
        #expect(await server.send(.get, path, [.ifNoneMatch: tag]).status == 200)
        #expect(await server.send(.get, path, [.ifMatch: tag]).status == 412)
        let put = await server.json(
            .put,
            "/v1/modules/fc/weight",
            "[[0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]",
            [.ifMatch: tag]
        )
        #expect(put.code == "precondition_failed")
        #expect(await server.send(.delete, "/v1/modules/fc", [.ifMatch: tag]).status == 412)
    }

    @Test(arguments: ["", ".text", ".bytes", "-gzip", ".text-gzip", "-deflate"])
    func aChangeGoesByTheVersionAndTheRun(suffix: String) async {
        let weight = "[[0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]"
        let tag = "\"1-\(Server.tag)\(suffix)\""
        #expect(await server.json(.put, "/v1/modules/fc/weight", weight, [.ifMatch: tag]).status == 200)
        #expect(await server.json(.put, "/v1/modules/fc/weight", weight, [.ifMatch: tag]).status == 412)
        #expect(await server.json(.put, "/v1/modules/fc/weight", weight, [.ifNoneMatch: tag]).status == 200)
    }

    @Test func everyRegistryHasATagOfItsOwn() {
        let tags = (0..<100).map { _ in Registry().tag }
        #expect(Set(tags).count > 90)
        #expect(tags.allSatisfy { $0.utf8.count == 8 })
    }
}
