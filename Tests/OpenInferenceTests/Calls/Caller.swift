import GRPC
import HTTP
import HTTPTypes
import ModuleAPI
import OpenInference
import Serving
import Synchronization
import TestServer
import Web

/// Writes a message.
typealias Writing = @Sendable (inout ProtobufWriter) -> Void

/// Calls methods without a socket, as a client of gRPC would.
struct Caller {
    let server: Server
    let health: Health
    let handler: Handler

    init(_ server: Server = Server(), options: CallOptions = CallOptions(), rules: AccessRules = AccessRules()) {
        self.server = server
        health = Health(server.api.readiness, lookingEvery: .milliseconds(5))
        handler = server.inference.serving(
            options,
            health: health,
            beside: server.interface,
            rules: rules,
            server.handler
        )
    }

    /// How a call ended.
    struct Outcome {
        /// The octets of each message.
        var messages: [[UInt8]] = []
        var response: Response
        var trailers: ResponseFields?

        var status: Int? { trailers?[.grpcStatus].flatMap { Int($0) } }
        var message: String? {
            trailers?[.constant("grpc-message")].flatMap { PercentEncoding.decoded(Array($0.utf8)) }
        }
        var only: [UInt8] { messages.first ?? [] }
    }

    static let inference = "inference.GRPCInferenceService"

    /// Calls a method of a service with one message.
    func call(
        _ method: String,
        of service: String = inference,
        _ fields: HTTPFields = [:],
        _ write: Writing = { _ in }
    ) async -> Outcome {
        await call(method, of: service, fields, messages: [Self.message(write)])
    }

    /// Calls a method with the messages, which are there all at once.
    func call(
        _ method: String,
        of service: String = inference,
        _ fields: HTTPFields = [:],
        messages: [[UInt8]]
    ) async -> Outcome {
        await send(path: "/\(service)/\(method)", fields, body: messages.flatMap { Self.frame($0) })
    }

    /// Sends content as it is.
    func send(path: String, _ fields: HTTPFields = [:], body: [UInt8] = [], stream: RequestStream? = nil) async
        -> Outcome
    {
        var fields = fields
        if fields[.contentType] == nil { fields[.contentType] = "application/grpc" }
        let request = Request(
            method: .post,
            target: path,
            version: .http2,
            fields: fields,
            body: body,
            stream: stream
        )
        return await Self.outcome(handler(request).response)
    }

    static func outcome(_ response: Response) async -> Outcome {
        var outcome = Outcome(response: response, trailers: response.trailers)
        switch response.body {
        case .none: break
        case .bytes(let bytes): outcome.messages = messages(in: bytes)
        case .shared(let shared): outcome.messages = messages(in: Array(shared.buffer))
        case .stream(let produce):
            let writer = CollectingWriter()
            try? await produce(writer)
            (outcome.messages, outcome.trailers) = (messages(in: writer.octets), writer.trailers)
        }
        return outcome
    }

    static func message(_ write: Writing) -> [UInt8] {
        var writer = ProtobufWriter()
        write(&writer)
        return writer.octets
    }

    static func frame(_ message: [UInt8]) -> [UInt8] {
        [0] + (0..<4).map { UInt8(truncatingIfNeeded: message.count >> (24 - 8 * $0)) } + message
    }

    private static func messages(in octets: [UInt8]) -> [[UInt8]] {
        var messages: [[UInt8]] = []
        var rest = octets[...]
        while rest.count >= 5 {
            let length = rest.dropFirst().prefix(4).reduce(0) { $0 << 8 | Int($1) }
            messages.append(Array(rest.dropFirst(5).prefix(length)))
            rest = rest.dropFirst(5 + length)
        }
        return messages
    }
}

/// Keeps what is written to it.
final class CollectingWriter: BodyWriter {
    private let state = Mutex<(octets: [UInt8], trailers: ResponseFields?)>(([], nil))

    var octets: [UInt8] { state.withLock(\.octets) }
    var trailers: ResponseFields? { state.withLock(\.trailers) }

    func write(_ bytes: [UInt8]) async throws {
        try Task.checkCancellation()
        state.withLock { $0.octets += bytes }
    }

    func setTrailers(_ trailers: ResponseFields) async throws {
        state.withLock { $0.trailers = trailers }
    }
}

/// A message of an answer, field by field: what a test looks for in it.
struct Fields {
    private var values: [UInt32: [Value]] = [:]

    private enum Value {
        case number(UInt64)
        case bytes([UInt8])
    }

    init(_ octets: [UInt8]) throws {
        var reader = ProtobufReader(octets)
        while let field = try reader.nextField() {
            let value: Value =
                switch field.wireType {
                case .varint: .number(try reader.readVarint())
                case .fixed32: .number(UInt64(try reader.readFixed32()))
                case .fixed64: .number(try reader.readFixed64())
                default: .bytes(Array(octets[try reader.readRange()]))
                }
            values[field.number, default: []].append(value)
        }
    }

    func bytes(_ number: UInt32) -> [[UInt8]] {
        (values[number] ?? []).compactMap { if case .bytes(let bytes) = $0 { bytes } else { nil } }
    }

    func texts(_ number: UInt32) -> [String] { bytes(number).map { String(decoding: $0, as: UTF8.self) } }

    func text(_ number: UInt32) -> String { texts(number).first ?? "" }

    func number(_ number: UInt32) -> Int {
        guard case .number(let value)? = values[number]?.first else { return 0 }
        return Int(truncatingIfNeeded: value)
    }

    func messages(_ number: UInt32) throws -> [Fields] { try bytes(number).map { try Fields($0) } }

    /// The numbers of a packed list.
    func packed(_ number: UInt32) throws -> [Int] {
        try bytes(number).flatMap { octets in
            var reader = ProtobufReader(octets)
            var numbers: [Int] = []
            while reader.position < octets.count { numbers.append(Int(truncatingIfNeeded: try reader.readVarint())) }
            return numbers
        }
    }
}

extension Array where Element == UInt8 {
    /// The numbers whose bytes these are.
    var floats: [Float] {
        withUnsafeBytes { bytes in
            (0..<count / 4).map { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
        }
    }

    init(floats: [Float]) {
        self = floats.flatMap { value in Swift.withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) } }
    }
}
