import Testing

@testable import Web

struct KeyFileTests {
    private static let digest = KeyDigest(of: "secret").hexadecimal

    @Test func readsKeysAndComments() throws {
        let text = "# keys\n\nci infer \(Self.digest)\r\n  root\tinfer,admin \(Self.digest) # the boss\n"
        let keys = try KeyFile.parse(Array(text.utf8))
        #expect(keys.map(\.name) == ["ci", "root"])
        #expect(keys.map(\.scopes) == [[.infer], [.infer, .admin]])
        #expect(keys.allSatisfy { $0.digest == KeyDigest(of: "secret") })
    }

    @Test(arguments: [
        ("ci infer", KeyFile.Failure(line: 1, reason: .fields(expected: 3, got: 2))),
        ("\nci infer \(digest) more", .init(line: 2, reason: .fields(expected: 3, got: 4))),
        ("c/i infer \(digest)", .init(line: 1, reason: .name("c/i"))),
        ("ci root \(digest)", .init(line: 1, reason: .scope("root"))),
        ("ci open \(digest)", .init(line: 1, reason: .scope("open"))),
        ("ci infer, \(digest)", .init(line: 1, reason: .scope(""))),
        ("ci infer secret", .init(line: 1, reason: .digest)),
        ("ci infer +\(digest.dropFirst())", .init(line: 1, reason: .digest)),
        ("ci infer \(digest)\nci admin \(digest)", .init(line: 2, reason: .repeatedName("ci"))),
    ])
    func namesTheBadLine(text: String, failure: KeyFile.Failure) {
        #expect(throws: failure) { try KeyFile.parse(Array(text.utf8)) }
    }

    @Test func refusesWhatIsNotUTF8() {
        #expect(throws: KeyFile.Failure(line: 1, reason: .notUTF8)) { try KeyFile.parse([0xFF, 0xFE]) }
    }

    @Test func digestsAsSHA256Does() {
        #expect(
            KeyDigest(of: "abc").hexadecimal == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        )
    }

    @Test func makesKeysThatDiffer() {
        let keys = Set((0..<100).map { _ in KeyDigest.makeKey() })
        #expect(keys.count == 100)
        #expect(keys.allSatisfy { $0.utf8.count == 68 })
    }
}
