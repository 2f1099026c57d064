import HTTP
import HTTPTypes
import Logging
import ModuleAPI
import OpenInference
import Serving

extension Subject {
    /// Whole requests, from the octets that a socket gave to the head and the body of the answer.
    static func requests() async throws -> [Subject] {
        LoggingSystem.bootstrap { _ in SwiftLogNoOpLogHandler() }
        let exchange = WireExchange(InferenceAPI(api: API(registry: Registry())).handler())
        try await exchange.create("fc", #""type": "Linear", "in_features": 4, "out_features": 3"#)
        try await exchange.create(
            "net",
            """
            "type": "Sequential", "modules": [{"type": "Linear", "in_features": 784, "out_features": 256}, \
            {"type": "ReLU"}, {"type": "Linear", "in_features": 256, "out_features": 10}]
            """
        )
        let image = [Float](repeating: 0.5, count: 784)
        let inference = #"{"inputs":[{"name":"input","shape":[1,4],"datatype":"FP32","data":[1,2,3,4]}]}"#
        return [
            exchange.subject("GET /livez", .get("/livez")),
            exchange.subject("call of a 4x3 layer in JSON", .json("/v1/modules/fc/call", #"{"input":[1,2,3,4]}"#)),
            exchange.subject("call of a 4x3 layer in bytes", .tensor("/v1/modules/fc/call", [1, 2, 3, 4])),
            exchange.subject("call of 784-256-10 in JSON", .json("/v1/modules/net/call", "{\"input\":\(image)}")),
            exchange.subject("call of 784-256-10 in bytes", .tensor("/v1/modules/net/call", image)),
            exchange.subject("inference of a 4x3 layer in JSON", .json("/v2/models/fc/infer", inference)),
        ]
    }
}

/// A handler between a parser and a serializer, as a connection puts it.
private final class WireExchange {
    private let handler: Handler
    private var parser = RequestParser()
    private var head: [UInt8] = []
    private let date = Array("Sun, 06 Nov 1994 08:49:37 GMT".utf8)

    init(_ handler: @escaping Handler) { self.handler = handler }

    /// Registers a module.
    func create(_ name: String, _ layer: String) async throws {
        let request = try request(.json("/v1/modules", #"{"name": "\#(name)", \#(layer)}"#))
        let response = await handler(request).response
        guard response.status == .created else { throw Failure("\(name): \(response)") }
    }

    func subject(_ name: String, _ message: Message) -> Subject {
        Subject(name: name) { try self.answer(message) }
    }

    private func answer(_ message: Message) throws {
        let request = try request(message)
        let response = try response(to: request)
        head.removeAll(keepingCapacity: true)
        _ = ResponseSerializer.appendHead(
            of: response,
            to: &head,
            method: request.method,
            version: request.version,
            keepsAlive: true,
            date: date
        )
    }

    /// Asks the handler as an event loop does: an answer that waits for nothing is there when this returns.
    private func response(to request: Request) throws -> Response {
        nonisolated(unsafe) var response: Response?
        switch handler(request) {
        case .now(let answer): response = answer
        case .waiting(let work): _ = Task.immediate { response = await work.response }
        }
        guard let response, response.status == .ok else { throw Failure("\(request.target): \(response as Any)") }
        return response
    }

    private func request(_ message: Message) throws -> Request {
        guard case .request(let request) = try parser.consume(message.octets.span).event else {
            throw Failure("\(message.target): is not a whole request")
        }
        return request
    }
}

/// A request as it comes from a socket.
private struct Message {
    let target: String
    let octets: [UInt8]

    private init(_ method: String, _ target: String, _ fields: String, _ body: [UInt8]) {
        self.target = target
        let head = "\(method) \(target) HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: a\r\n\(fields)\r\n"
        octets = Array(head.utf8) + body
    }

    static func get(_ target: String) -> Message { Message("GET", target, "Accept: */*\r\n", []) }

    static func json(_ target: String, _ body: String) -> Message {
        let fields = "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n"
        return Message("POST", target, fields, Array(body.utf8))
    }

    static func tensor(_ target: String, _ values: [Float]) -> Message {
        let body = values.flatMap { value in withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) } }
        let fields = [
            "Content-Type: application/octet-stream", "Accept: application/octet-stream",
            "Tensor-Shape: \(values.count)", "Tensor-Dtype: float32", "Content-Length: \(body.count)",
        ]
        return Message("POST", target, fields.map { $0 + "\r\n" }.joined(), body)
    }
}
