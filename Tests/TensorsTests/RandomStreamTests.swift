import Foundation
import Testing

@testable import Tensors

struct RandomStreamTests {
    @Test(arguments: try RandomFixture.load().cases)
    func drawsWhatPyTorchDraws(fixture: RandomFixture.Case) throws {
        var stream = RandomStream(seed: try fixture.seedBits)
        for draw in fixture.draws {
            let bytes = draw.bytes(from: &stream)
            if let hex = draw.hex { #expect(RandomFixture.hex(bytes) == hex, "\(draw)") }
            if let hash = draw.fnv1a { #expect(RandomFixture.fnv1a(bytes) == hash, "\(draw)") }
            #expect(draw.hex != nil || draw.fnv1a != nil)
        }
    }

    @Test func startsOverWhenReseeded() {
        let generator = Generator(seed: 3)
        let first = generator.withStream { $0.nextBernoulli(probability: 0.5) }
        let later = (0..<64).map { _ in generator.withStream { $0.nextBernoulli(probability: 0.5) } }
        generator.reseed(3)
        #expect(generator.withStream { $0.nextBernoulli(probability: 0.5) } == first)
        #expect((0..<64).map { _ in generator.withStream { $0.nextBernoulli(probability: 0.5) } } == later)
        #expect(generator.seed == 3)
    }

    @Test func seedsItselfDifferently() {
        #expect(Generator().seed != Generator().seed)
    }
}

/// What PyTorch drew; `Fixtures/random/generate.py` made it.
struct RandomFixture: Decodable {
    let generator: String
    let cases: [Case]

    struct Case: Decodable, CustomTestStringConvertible {
        let seed: String
        let draws: [Draw]

        var testDescription: String { "seed \(seed), \(draws.map { "\($0)" }.joined(separator: ", "))" }

        var seedBits: UInt64 {
            get throws { try UInt64(seed) ?? UInt64(bitPattern: #require(Int64(seed))) }
        }
    }

    struct Draw: Decodable, CustomStringConvertible {
        let uniform: [Double]?
        let normal: [Double]?
        let bernoulli: Double?
        let dtype: String
        let count: Int
        let hex: String?
        let fnv1a: String?

        var description: String {
            let kind = uniform.map { "uniform \($0)" } ?? normal.map { "normal \($0)" } ?? "bernoulli"
            return "\(count) \(dtype) \(kind)"
        }

        func bytes(from stream: inout RandomStream) -> [UInt8] {
            dtype == "float32" ? floatBytes(from: &stream) : doubleBytes(from: &stream)
        }

        private func floatBytes(from stream: inout RandomStream) -> [UInt8] {
            var numbers = [Float](repeating: .nan, count: count)
            numbers.withUnsafeMutableBufferPointer { target in
                if let range = uniform { stream.fillUniform(target, from: Float(range[0]), to: Float(range[1])) }
                if let normal { stream.fillNormal(target, mean: normal[0], deviation: normal[1]) }
            }
            if let bernoulli { numbers = numbers.map { _ in stream.nextBernoulli(probability: bernoulli) ? 1 : 0 } }
            return numbers.withUnsafeBytes(Array.init)
        }

        private func doubleBytes(from stream: inout RandomStream) -> [UInt8] {
            var numbers = [Double](repeating: .nan, count: count)
            numbers.withUnsafeMutableBufferPointer { target in
                if let range = uniform { stream.fillUniform(target, from: range[0], to: range[1]) }
                if let normal { stream.fillNormal(target, mean: normal[0], deviation: normal[1]) }
            }
            if let bernoulli { numbers = numbers.map { _ in stream.nextBernoulli(probability: bernoulli) ? 1 : 0 } }
            return numbers.withUnsafeBytes(Array.init)
        }
    }

    static func load() throws -> RandomFixture {
        let file = try #require(Bundle.module.url(forResource: "Fixtures/random/random", withExtension: "json"))
        return try JSONDecoder().decode(RandomFixture.self, from: Data(contentsOf: file))
    }

    static func hex(_ bytes: [UInt8]) -> String {
        bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    static func fnv1a(_ bytes: [UInt8]) -> String {
        let hash = bytes.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
