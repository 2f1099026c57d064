/// How much a client wants something: the quality value of RFC 9110 12.4.2, in thousandths.
struct Weight: Comparable, Sendable {
    let thousandths: Int

    static let full = Weight(thousandths: 1_000)
    static let none = Weight(thousandths: 0)

    private init(thousandths: Int) {
        self.thousandths = thousandths
    }

    /// Reads `0`, `1`, or one of them with up to three decimals, also `.2` as Java's old clients write it; `nil` for all else.
    init?(_ text: String) {
        let octets = Array((text.hasPrefix(".") && text.utf8.count > 1 ? "0" + text : text).utf8)
        guard let first = octets.first, first == 0x30 || first == 0x31, octets.count <= 5 else { return nil }
        guard octets.count == 1 || octets[1] == UInt8(ascii: ".") else { return nil }
        var thousandths = Int(first - 0x30)
        for place in 2..<5 {
            let digit = place < octets.count ? octets[place] : 0x30
            guard digit.isDigit else { return nil }
            thousandths = thousandths * 10 + Int(digit - 0x30)
        }
        guard thousandths <= 1_000 else { return nil }
        self.thousandths = thousandths
    }

    static func < (left: Weight, right: Weight) -> Bool {
        left.thousandths < right.thousandths
    }
}
