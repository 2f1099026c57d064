import Foundation
import Testing

@testable import GRPC

/// The codec and Python's protobuf, on messages as no serializer writes them, cut and broken ones among them.
struct CodecTests {
    private static let types: [String: any Rewritable.Type] = [
        "inference.ModelInferRequest": ModelInferRequest.self,
        "inference.ModelReadyRequest": ModelRequest.self,
        "inference.RepositoryModelLoadRequest": RepositoryModelRequest.self,
        "inference.RepositoryIndexRequest": RepositoryIndexRequest.self,
        "inference.ServerLiveRequest": EmptyMessage.self,
        "grpc.health.v1.HealthCheckRequest": HealthCheckRequest.self,
        "grpc.reflection.v1.ServerReflectionRequest": ReflectionRequest.self,
    ]

    /// The committed cases, or those that script/protobuf has made.
    private static func rows() throws -> [[Substring]] {
        let made = ProcessInfo.processInfo.environment["CALLPATH_PROTOBUF_CASES"]
        let committed = Bundle.module.url(forResource: "codec", withExtension: "tsv", subdirectory: "Fixtures")
        let file = try #require(made.map { URL(filePath: $0) } ?? committed)
        return try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map {
            $0.split(separator: "\t", omittingEmptySubsequences: false)
        }
    }

    @Test func readsAndWritesWhatPythonReadsAndWrites() throws {
        let rows = try Self.rows()
        #expect(rows.count > 400)
        var failures = 0
        for row in rows {
            let type = try #require(Self.types[String(row[0])])
            let octets = try #require(bytes(row[1]))
            let made = (try? type.rewritten(octets)).map(hexadecimal) ?? "-"
            guard made != row[2] else { continue }
            failures += 1
            #expect(made == row[2], "\(row[0]) \(row[1])")
            if failures > 10 { break }
        }
    }

    @Test(
        arguments: [
            ("0a", .truncated(at: 1)), ("0a0261", .truncated(at: 1)), ("08", .truncated(at: 1)),
            ("00", .invalidTag(0, at: 0)), ("0e", .invalidTag(14, at: 0)), ("0c", .groupEnd(at: 0)),
            ("0b14", .groupEnd(at: 1)), ("0b", .truncated(at: 1)), ("0a01ff", .notUTF8(at: 2)),
            ("08ffffffffffffffffffff01", .varintTooLong(at: 1)), ("8080808080", .truncated(at: 0)),
        ] as [(Substring, ProtobufError)]
    )
    func saysWhereAMessageIsBroken(message: Substring, expected: ProtobufError) throws {
        let octets = try #require(bytes(message))
        #expect(throws: expected) { try HealthCheckRequest(reading: octets) }
    }

    @Test func boundsWhatAShortMessageTakes() throws {
        let most = ModelInferRequest.maxElements
        let octets = [UInt8](repeating: 0, count: 2 * most + 2)
        let inputs = octets.indices.map { $0.isMultiple(of: 2) ? UInt8(0x2A) : 0 }
        #expect(throws: ProtobufError.tooMany(limit: most)) { try ModelInferRequest(reading: inputs) }
        #expect(try ModelInferRequest(reading: Array(inputs.dropLast(2))).inputs.count == most)
    }

    private func bytes(_ digits: Substring) -> [UInt8]? {
        var octets: [UInt8] = []
        var rest = digits
        while !rest.isEmpty {
            guard let octet = UInt8(rest.prefix(2), radix: 16) else { return nil }
            octets.append(octet)
            rest = rest.dropFirst(2)
        }
        return octets
    }

    private func hexadecimal(_ octets: [UInt8]) -> String {
        octets.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
