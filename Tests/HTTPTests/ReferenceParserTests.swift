import Testing
import WireCases

@testable import HTTP

/// The parser against a second one that shares nothing with it.
struct ReferenceParserTests {
    /// A million mutants in a release build; the debug build is some thirty times slower.
    #if DEBUG
    private static let mutantsPerShard = 2_000
    #else
    private static let mutantsPerShard = 125_000
    #endif

    @Test(arguments: WireCase.all)
    func agreesOnEveryWireCase(row: WireCase) {
        let limits = ServerLimits()
        let actual = Transcript(of: [row.octets], limits: limits).outcomes
        #expect(actual == ReferenceParser.outcomes(of: row.octets, limits: limits))
    }

    @Test(arguments: 0..<8)
    func agreesOnMutants(shard: Int) {
        let rows = WireCase.all.filter { (1..<1_000).contains($0.octets.count) }
        let good = rows.filter { $0.parserOutcomes.allSatisfy { $0 == "request" } }
        var mutator = Mutator(seeds: rows.map(\.octets), goodSeeds: good.map(\.octets), seed: UInt64(shard))
        var (acceptedCount, refusedCount, chunkedCount) = (0, 0, 0)
        for index in 0..<Self.mutantsPerShard {
            let octets = mutator.next()
            let limits = index.isMultiple(of: 2) ? ServerLimits() : Self.tightLimits
            let expected = ReferenceParser.outcomes(of: octets, limits: limits)
            let actual = Transcript(of: mutator.pieces(of: octets), limits: limits).outcomes
            guard actual == expected else {
                let input = String(decoding: octets, as: UTF8.self).debugDescription
                Issue.record("\(actual) is not \(expected) for \(input)")
                return
            }
            if actual.contains(where: \.isRequest) { acceptedCount += 1 }
            if actual.contains(where: \.isRefusal) { refusedCount += 1 }
            if actual.contains(where: \.isChunkedRequest) { chunkedCount += 1 }
        }
        // Agreement means little where all is refused.
        #expect(acceptedCount > Self.mutantsPerShard / 5, "\(acceptedCount)")
        #expect(refusedCount > Self.mutantsPerShard / 4, "\(refusedCount)")
        #expect(chunkedCount > Self.mutantsPerShard / 100, "\(chunkedCount)")
    }

    private static let tightLimits: ServerLimits = {
        var limits = ServerLimits()
        limits.maxRequestLineBytes = 40
        limits.maxHeadBytes = 120
        limits.maxFields = 3
        limits.maxBodyBytes = 20
        limits.maxChunkExtensionBytes = 6
        limits.maxTrailerBytes = 24
        return limits
    }()
}
