import HTTPTypes

/// The identity of one request, in its log lines and its answer.
struct RequestID: Sendable, Equatable {
    /// The most octets of an identity that a client brings.
    static let maximumLength = 128

    let text: String

    /// Takes the identity that a client sent, if it is a token (RFC 9110, section 5.6.2) of at most 128 octets, or makes one.
    init(sent: String?) {
        if let sent, Self.isWellFormed(sent) {
            text = sent
        } else {
            text = Self.random()
        }
    }

    private static func isWellFormed(_ text: String) -> Bool {
        // A field name is a token too.
        (1...maximumLength).contains(text.utf8.count) && HTTPField.Name(text) != nil
    }

    private static func random() -> String {
        var generator = SystemRandomNumberGenerator()
        let digits = String(generator.next() as UInt64, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
