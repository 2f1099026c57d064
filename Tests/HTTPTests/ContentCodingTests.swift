import HTTPTypes
import Testing

@testable import HTTP

struct ContentCodingTests {
    private let text = [UInt8](repeating: 0x61, count: 100_000) + Array(0...255)

    @Test(arguments: ContentCoding.allCases)
    func decodesWhatItCodes(coding: ContentCoding) throws {
        let coded = code(text, as: coding)
        #expect(coded.count < 2_000)
        #expect(try coding.decoded(coded, limit: text.count) == text)
        #expect(try coding.decoded(code([], as: coding), limit: 0).isEmpty)
    }

    /// `printf hello | gzip -n`, so that the two directions are not only each other's mirror.
    @Test func decodesOctetsOfGzipItself() throws {
        let octets: [UInt8] = [
            0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 0xCB, 0x48, 0xCD, 0xC9, 0xC9, 7, 0, 0x86, 0xA6, 0x10, 0x36, 5, 0, 0, 0,
        ]
        #expect(try ContentCoding.gzip.decoded(octets, limit: 5) == Array("hello".utf8))
    }

    @Test(arguments: ContentCoding.allCases)
    func refusesEveryPrefixAndEveryTrailingOctet(coding: ContentCoding) {
        let coded = code(Array("a text of some octets, some octets".utf8), as: coding)
        for count in 0..<coded.count {
            #expect(throws: ContentCodingError.corrupt) { try coding.decoded(Array(coded[..<count]), limit: 100_000) }
        }
        #expect(throws: ContentCodingError.corrupt) { try coding.decoded(coded + [0], limit: 100_000) }
        #expect(throws: ContentCodingError.corrupt) { try coding.decoded(coded + coded, limit: 100_000) }
    }

    @Test func refusesAWrongChecksumAndAWrongLength() {
        for offset in [1, 5] {
            var coded = code(Array("hello".utf8), as: .gzip)
            coded[coded.count - offset] ^= 0x55
            #expect(throws: ContentCodingError.corrupt) { try ContentCoding.gzip.decoded(coded, limit: 100_000) }
        }
    }

    @Test(arguments: ContentCoding.allCases)
    func aDecodedBodyBeyondTheLimitIsRefused(coding: ContentCoding) {
        let coded = code(text, as: coding)
        #expect(throws: ContentCodingError.tooLarge(limit: text.count - 1)) {
            try coding.decoded(coded, limit: text.count - 1)
        }
    }

    @Test func refusesABombThatHidesItsLength() {
        var coded = code(text, as: .gzip)
        coded.replaceSubrange((coded.count - 4)..., with: [5, 0, 0, 0])
        #expect(throws: ContentCodingError.tooLarge(limit: 1_000)) {
            try ContentCoding.gzip.decoded(coded, limit: 1_000)
        }
    }

    @Test(
        arguments: [
            ("br", .unknownCoding), ("gzip, gzip", .unknownCoding), ("", .unknownCoding), ("gzip", .corrupt),
            ("X-GZIP", .corrupt), ("deflate", .corrupt),
        ] as [(String, ContentCodingError)]
    )
    func takesOneKnownCodingOff(name: String, expected: ContentCodingError) {
        let request = Request(method: .post, target: "/", fields: [.contentEncoding: name], body: [1, 2, 3])
        #expect(throws: expected) { try request.decodedBody(limit: 10) }
    }

    @Test(arguments: [[:], [.contentEncoding: "identity"]] as [HTTPFields])
    func leavesPlainContentAlone(fields: HTTPFields) throws {
        let request = Request(method: .post, target: "/", fields: fields, body: [1, 2, 3])
        #expect(try request.decodedBody(limit: 10) == [1, 2, 3])
    }

    private func code(_ octets: [UInt8], as coding: ContentCoding) -> [UInt8] {
        var deflater = Deflater(coding)
        var coded: [UInt8] = []
        octets.withUnsafeBytes { deflater.encode($0, into: &coded, flush: .end) }
        return coded
    }
}
