import Testing

@testable import Web

struct RequestIDTests {
    @Test(arguments: ["a", "3f2a-77", "A.b_c~d!#$%&'*+^`|", String(repeating: "x", count: 128)])
    func takesAToken(sent: String) {
        #expect(RequestID(sent: sent).text == sent)
    }

    @Test func repeatsNone() {
        let identities = Set((0..<100_000).map { _ in RequestID(sent: nil).text })
        #expect(identities.count == 100_000)
    }

    @Test(arguments: [
        nil, "", "a b", "a\"b", "a,b", "é", "a\u{7F}", String(repeating: "x", count: 129), "{json}", "a=b", "(a)",
    ])
    func makesOneInPlaceOfAnythingElse(sent: String?) {
        let identity = RequestID(sent: sent).text
        #expect(identity != sent)
        #expect(identity.utf8.count == 15)
        #expect(identity != RequestID(sent: sent).text)
    }
}
