import Foundation
import Testing

@testable import Tensors

struct RandomStreamTests {
    @Test(arguments: try RandomFixture.load("random").cases)
    func drawsWhatPyTorchDraws(fixture: RandomFixture.Case) throws {
        try fixture.expectDraws()
    }

    @Test(arguments: try RandomFixture.load("random-1.0.1").cases)
    func drawsWhatTheOldPyTorchDrew(fixture: RandomFixture.Case) throws {
        try Compatibility.torch1_0_1.run { try fixture.expectDraws() }
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

        private var seedBits: UInt64 {
            get throws { try UInt64(seed) ?? UInt64(bitPattern: #require(Int64(seed))) }
        }

        /// Draws one after the other from one stream, and compares each.
        func expectDraws() throws {
            let generator = Generator(seed: try seedBits)
            for draw in draws {
                let bytes = try draw.tensor(from: generator).withUnsafeBytes(Array.init)
                if let hex = draw.hex { #expect(RandomFixture.hex(bytes) == hex, "\(draw)") }
                if let hash = draw.fnv1a { #expect(RandomFixture.fnv1a(bytes) == hash, "\(draw)") }
                #expect(draw.hex != nil || draw.fnv1a != nil)
            }
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

        func tensor(from generator: Generator) throws -> Tensor {
            let (shape, dtype) = (try Shape(checking: [count]), try #require(DType(rawValue: dtype)))
            if let uniform {
                return try .uniform(shape, from: uniform[0], to: uniform[1], dtype: dtype, generator: generator)
            }
            if let normal {
                return try .normal(shape, mean: normal[0], deviation: normal[1], dtype: dtype, generator: generator)
            }
            let probability = try #require(bernoulli)
            return try .bernoulli(shape, probability: probability, dtype: dtype, generator: generator)
        }
    }

    static func load(_ name: String) throws -> RandomFixture {
        let file = try #require(Bundle.module.url(forResource: "Fixtures/random/\(name)", withExtension: "json"))
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
