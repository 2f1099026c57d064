import HTTPTypes
import JSON
import Testing
import TestServer
import Web

@testable import ModuleAPI

/// Names are kept with what they name, so that they are bounded as all is that clients leave behind.
struct NameLengthTests {
    private static func bodies(_ name: String) -> [String] {
        [
            #"{"type": "Sequential", "modules": [{"name": "\#(name)", "type": "ReLU"}]}"#,
            #"{"type": "Sequential", "modules": {"\#(name)": {"type": "ReLU"}}}"#,
            #"{"type": "ReLU", "input_name": "\#(name)"}"#,
            #"{"type": "ReLU", "output_name": "\#(name)"}"#,
        ]
    }

    @Test(arguments: 0..<4)
    func refusesNamesThatAreTooLong(index: Int) async throws {
        let server = Server()
        let longest = Self.bodies(String(repeating: "a", count: 256))[index]
        let tooLong = Self.bodies(String(repeating: "a", count: 257))[index]
        #expect(await server.json(.post, "/v1/modules", longest).status == 201)
        let answer = await server.json(.post, "/v1/modules", tooLong)
        #expect(answer.status == 422)
        #expect(answer.text.contains("expected a name of at most 256 bytes, got 257"))
    }
}
