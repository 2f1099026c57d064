import JSON
import Testing

/// Bytes as a text (RFC 4648 4).
struct Base64Tests {
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ])
    func isWrittenAndReadAsTheStandardSays(bytes: String, text: String) {
        #expect(Base64.text(Array(bytes.utf8)) == text)
        #expect(Base64.bytes(text) == Array(bytes.utf8))
    }

    @Test func bringsBackEveryByteWhereverItStands() {
        let bytes = (0..<3).flatMap { offset in Array(repeating: 0, count: offset) + (0...255).map { UInt8($0) } }
        for count in [bytes.count, bytes.count - 1, bytes.count - 2] {
            let part = Array(bytes.prefix(count))
            #expect(Base64.bytes(Base64.text(part)) == part)
        }
    }

    @Test(arguments: [
        "Z", "Zg", "Zg=", "Z===", "====", "Zg==Zg==", "Zm=v", "Zm9v\n", " Zm9", "Zm9-", "Zm9_", "Zg==\n\n\n\n", "Zmé=",
    ])
    func refusesWhatIsNone(text: String) {
        #expect(Base64.bytes(text) == nil)
    }
}
