import HTTP
import HTTPTypes
import JSON
import ModuleAPI
@testable import OpenInference
import Serving
import Testing
import TestServer
import Web

/// tritonclient.http.aio says that it takes gzip, and inflates answers to `infer` only.
struct CodingTests {
    private let server = Server()

    init() async throws {
        for index in 0..<40 { try await server.create(#"{"name": "model-\#(index)", "type": "ReLU"}"#) }
    }

    private func coding(_ method: HTTPRequest.Method, _ target: String, _ body: String = "") async -> String? {
        let handler = Compression.wrap(server.handler)
        let fields: HTTPFields = [.acceptEncoding: "gzip, deflate", .contentType: "application/json"]
        let request = Request(method: method, target: target, fields: fields, body: Array(body.utf8))
        let response = await handler(request).response
        return response.fields[.contentEncoding]
    }

    @Test func onlyAnInferenceIsCoded() async {
        let values = Array(repeating: "1", count: 1_000).joined(separator: ",")
        let inference = #"{"inputs":[{"name":"input","shape":[1000],"datatype":"FP32","data":[\#(values)]}]}"#
        #expect(await coding(.post, "/v2/models/model-1/infer", inference) == "gzip")
        #expect(await coding(.get, "/v2/models/stats") == nil)
        #expect(await coding(.post, "/v2/repository/index") == nil)
        #expect(await coding(.get, "/v2/models") == nil)
        #expect(await coding(.get, "/v2/models/model-1") == nil)
        #expect(await coding(.get, "/v2/models/\(String(repeating: "x", count: 4_000))") == nil)
        #expect(await coding(.post, "/v2/models/model-1/infer", #"{"inputs": [], "\#(values)": 1}"#) == nil)
    }

    @Test func theInterfaceOfModulesStaysCoded() async {
        #expect(await coding(.get, "/v1/modules") == "gzip")
        #expect(await coding(.get, "/openapi.yaml") == "gzip")
    }
}
