import HTTP
import HTTPTypes
import JSON
import ModuleAPI
@testable import OpenInference
import Serving
import Testing
import TestServer
import Web

/// Tensors as bytes behind the JSON.
struct BinaryTensorTests {
    private let server = Server()
    private let blob: [UInt8] = [1, 2, 3, 4].flatMap { (value: Float) in withUnsafeBytes(of: value) { Array($0) } }

    private func json(size: String? = "16") -> [UInt8] {
        let parameters = size.map { #", "parameters": {"binary_data_size": \#($0)}"# } ?? ""
        return Array(
            #"{"inputs": [{"name": "input", "shape": [1, 4], "datatype": "FP32"\#(parameters)}]}"#.utf8
        )
    }

    private func infer(_ body: [UInt8], headerLength: String?) async throws -> Received {
        if server.api.registry.entries().entries.isEmpty { try await server.createTutorialLayer() }
        let fields: HTTPFields = headerLength.map { [.inferenceHeaderContentLength: $0] } ?? [:]
        return await server.send(.post, "/v2/models/fc/infer", fields, body: body)
    }

    @Test(arguments: ["16", nil])
    func shapeAndDatatypeGiveTheSizeThatIsLeftOut(size: String?) async throws {
        let json = json(size: size)
        let answer = try await infer(json + blob, headerLength: "\(json.count)")
        #expect(answer.json["outputs"]?.asArray?.first?["data"] == [30.0, 40.0, 50.0])
    }

    @Test(
        arguments: [
            ("-1", "got '-1'"), ("", "got ''"), ("abc", "got 'abc'"), ("+5", "got '+5'"), ("1e2", "got '1e2'"),
            ("99999", "from 0 to"), ("184467440737095516160", "from 0 to"), ("5", "failed to parse the request JSON"),
        ]
    )
    func aWrongHeaderLengthIsNamed(value: String, words: String) async throws {
        let answer = try await infer(json() + blob, headerLength: value)
        #expect(answer.status == 400)
        #expect(answer.json["error"]?.asString?.contains(words) == true, "\(answer.text)")
    }

    @Test(
        arguments: [
            (-1, "tensor 'input': expecting 1 additional bytes, expected 16, got 15"),
            (-16, "tensor 'input': expecting 16 additional bytes, expected 16, got 0"),
            (3, "unexpected additional input data: 3 bytes are left over"),
        ]
    )
    func blobsTooShortOrLeftOverAreNamed(change: Int, words: String) async throws {
        let (json, padded) = (json(), blob + [0, 0, 0])
        let answer = try await infer(json + padded.prefix(blob.count + change), headerLength: "\(json.count)")
        #expect(answer.status == 400)
        #expect(answer.json["error"]?.asString == words)
    }

    @Test(arguments: ["15", "17", "0", "9223372036854775807"])
    func aSizeThatShapeAndDatatypeDoNotBearOutIsNamed(size: String) async throws {
        let json = json(size: size)
        let answer = try await infer(json + blob, headerLength: "\(json.count)")
        #expect(answer.status == 400)
        #expect(
            answer.json["error"]?.asString
                == "tensor 'input': its shape and datatype take 16 bytes, its binary_data_size is \(size)"
        )
    }

    @Test func bytesWithoutAHeaderLengthAreRefused() async throws {
        let answer = try await infer(json(), headerLength: nil)
        #expect(answer.status == 400)
        #expect(answer.json["error"]?.asString?.contains("no Inference-Header-Content-Length") == true)
    }

    @Test func aRawRequestIsAnsweredInBytes() async throws {
        let answer = try await infer(blob, headerLength: "0")
        let length = try #require(answer.fields[.inferenceHeaderContentLength].flatMap { Int($0) })
        #expect(answer.fields[.contentType] == "application/octet-stream")
        let outputs = try JSONValue(parsing: Array(answer.body[..<length]))["outputs"]
        #expect(outputs?.asArray?.first?["parameters"]?["binary_data_size"] == 12)
        let values = answer.body[length...].withUnsafeBytes { bytes in
            (0..<3).map { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
        }
        #expect(values == [30, 40, 50])
    }

    @Test(arguments: [15, 17, 0])
    func aRawRequestOfAnotherSizeIsRefused(count: Int) async throws {
        let answer = try await infer([UInt8](repeating: 0, count: count), headerLength: "0")
        #expect(answer.status == 400)
        #expect(answer.json["error"] != nil)
    }

    @Test func emptyOutputsNeedNoBytes() async throws {
        try await server.createTutorialLayer()
        let answer = await server.json(
            .post,
            "/v2/models/fc/infer",
            #"{"inputs": [{"name": "input", "shape": [0, 4], "datatype": "FP32", "data": []}], "parameters": {"binary_data_output": true}}"#
        )
        #expect(answer.fields[.contentType] == "application/json")
        #expect(answer.fields[.inferenceHeaderContentLength] == nil)
        #expect(answer.json["outputs"]?.asArray?.first?["parameters"]?["binary_data_size"] == 0)
    }
}
