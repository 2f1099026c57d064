/// What tells one registry from all others.
package enum InstanceName {
    /// Returns 32 random hexadecimal digits.
    package static func drawn() -> String {
        let words = (0..<2).map { _ in String(UInt64.random(in: 0 ... .max), radix: 16) }
        return words.map { String(repeating: "0", count: 16 - $0.count) + $0 }.joined()
    }
}
