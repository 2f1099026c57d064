import Testing
import WireCases

@testable import HTTP

/// Every wire case that can be decided without a socket: whole, in every two pieces, octet by octet, and coalesced.
struct WireCaseTests {
    @Test(arguments: WireCase.all)
    func isReadAsTheTableSays(row: WireCase) {
        #expect(outcomes(Transcript(of: pieces(of: row))) == row.parserOutcomes)
    }

    @Test(arguments: WireCase.all)
    func isReadAlikeHoweverItIsCut(row: WireCase) {
        let octets = row.octets
        let whole = Transcript(of: [octets])
        expect(octets.map { [$0] }, toGive: whole)
        guard octets.count < 1_000 else { return }
        for cut in 1..<max(octets.count, 1) {
            expect([Array(octets[..<cut]), Array(octets[cut...])], toGive: whole)
        }
    }

    private func expect(_ pieces: [[UInt8]], toGive whole: Transcript) {
        let transcript = Transcript(of: pieces)
        #expect(transcript.outcomes == whole.outcomes, "cut at \(pieces.first?.count ?? 0)")
        #expect(transcript.error == whole.error, "cut at \(pieces.first?.count ?? 0)")
    }

    @Test(arguments: WireCase.all.filter { !$0.steps.contains(.finish) })
    func leavesTheRequestBehindItAlone(row: WireCase) {
        let follower = Array("PUT /follower HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc".utf8)
        let alone = Transcript(of: [row.octets]).outcomes
        let expected = row.keepsConnection ? alone + Transcript(of: [follower]).outcomes : alone
        #expect(Transcript(of: [row.octets + follower]).outcomes == expected)
    }

    @Test(arguments: WireCase.all.filter { $0.parserOutcomes == ["request"] && $0.id != "CON-07" })
    func everyPrefixNeedsMore(row: WireCase) {
        let octets = row.octets
        for count in 1..<octets.count where octets.count < 1_000 {
            #expect(Transcript(of: [Array(octets[..<count])]).outcomes == [.incomplete], "\(count) octets")
        }
    }

    private func pieces(of row: WireCase) -> [[UInt8]] {
        row.steps.map(\.octets).filter { !$0.isEmpty }
    }

    private func outcomes(_ transcript: Transcript) -> [String] {
        let names = transcript.outcomes.map { outcome in
            switch outcome {
            case .request: "request"
            case .refused(let status): "\(status)"
            case .incomplete: "more"
            }
        }
        let continues = [String](repeating: "continue", count: transcript.continueCount)
        return continues + (names.isEmpty ? ["none"] : names)
    }
}
