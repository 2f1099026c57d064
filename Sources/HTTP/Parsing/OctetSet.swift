/// A set of ASCII octets, one bit each.
///
/// The members stand as numbers so that the compiler lays them down as constants; a test spells them out.
struct OctetSet: Sendable {
    private let low: UInt64
    private let high: UInt64

    private init(low: UInt64, high: UInt64) {
        self.low = low
        self.high = high
    }

    /// Returns whether `octet` is a member; octets from 128 on never are.
    @inline(__always) func contains(_ octet: UInt8) -> Bool {
        let word = octet & 0x40 == 0 ? low : high
        return octet < 128 && (word &>> UInt64(octet & 63)) & 1 == 1
    }

    /// `tchar` of RFC 9110 5.6.2: what methods, field names and transfer codings are made of.
    static let token = OctetSet(low: 0x03FF_6CFA_0000_0000, high: 0x57FF_FFFF_C7FF_FFFE)
    /// What path and query of RFC 3986 3.3 and 3.4 are made of, their separators and `%` included.
    static let pathAndQuery = OctetSet(low: 0xAFFF_FFF2_0000_0000, high: 0x47FF_FFFE_87FF_FFFF)
    /// What any request target may hold: `pathAndQuery` and the brackets of an IPv6 address.
    static let target = OctetSet(low: 0xAFFF_FFF2_0000_0000, high: 0x47FF_FFFE_AFFF_FFFF)
    /// What a `reg-name` of RFC 3986 3.2.2 is made of, `%` included.
    static let registeredName = OctetSet(low: 0x2BFF_7FF2_0000_0000, high: 0x47FF_FFFE_87FF_FFFE)
    /// Hexadecimal digits of either case.
    static let hexadecimal = OctetSet(low: 0x03FF_0000_0000_0000, high: 0x0000_007E_0000_007E)
    /// Printable ASCII without the space.
    static let visible = OctetSet(low: 0xFFFF_FFFE_0000_0000, high: 0x7FFF_FFFF_FFFF_FFFF)
    /// `qdtext` of RFC 9110 5.6.4 without obs-text.
    static let quotedText = OctetSet(low: 0xFFFF_FFFB_0000_0200, high: 0x7FFF_FFFF_EFFF_FFFF)
}
