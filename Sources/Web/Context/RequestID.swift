import HTTPTypes
import Synchronization

/// The identity of one request, in its log lines and its answer.
package struct RequestID: Sendable, Equatable {
    /// The most octets of an identity that a client brings.
    static let maximumLength = 128

    package let text: String

    /// Takes the identity that a client sent, if it is a token (RFC 9110, section 5.6.2) of at most 128 octets, or makes one.
    init(sent: String?) {
        if let sent, Self.isWellFormed(sent) {
            text = sent
        } else {
            text = Self.made()
        }
    }

    private static func isWellFormed(_ text: String) -> Bool {
        // A field name is a token too.
        (1...maximumLength).contains(text.utf8.count) && HTTPField.Name(text) != nil
    }

    /// Returns an identity that no other request of this process has, and hardly one of any other.
    ///
    /// Random numbers of the kernel would cost a system call for each request, and a sixteenth digit would cost memory:
    /// strings of up to fifteen octets have none of their own.
    private static func made() -> String {
        let number = start ^ mixed(count.wrappingAdd(1, ordering: .relaxed).newValue)
        return String(unsafeUninitializedCapacity: 15) { digits in
            for index in 0..<15 {
                let digit = UInt8(truncatingIfNeeded: number >> UInt64(56 - 4 * index)) & 0xF
                digits[index] = digit < 10 ? 0x30 + digit : 0x57 + digit
            }
            return 15
        }
    }

    /// The bits of an identity.
    private static let mask: UInt64 = 1 << 60 - 1
    private static let start = UInt64.random(in: 0...mask)
    private static let count = Atomic<UInt64>(0)

    /// A permutation of the words of 60 bits that leaves no two neighbours alike: the last steps of SplitMix64, cut to them.
    private static func mixed(_ count: UInt64) -> UInt64 {
        var word = (count &* 0x9E37_79B9_7F4A_7C15) & mask
        word = ((word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9) & mask
        word = ((word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB) & mask
        return word ^ (word >> 31)
    }
}
