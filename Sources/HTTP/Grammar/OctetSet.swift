/// A set of ASCII octets, drawn as a map of the code table: sixteen columns, a one for each member.
///
/// A literal, so that it is a constant of the program and a look-up is one load.
struct OctetSet: Sendable {
    private let map: StaticString

    private init(_ map: StaticString) {
        assert(map.utf8CodeUnitCount == 256, "A map has 256 places.")
        self.map = map
    }

    /// One place for each octet, which holds `1` for members.
    @inline(__always) var places: UnsafePointer<UInt8> { map.utf8Start }

    /// Returns whether `octet` is a member; octets from 128 on never are.
    @inline(__always) func contains(_ octet: UInt8) -> Bool {
        places[Int(octet)] == UInt8(ascii: "1")
    }
}

extension OctetSet {
    /// `tchar` of RFC 9110 5.6.2: what methods, field names and transfer codings are made of.
    static let token = OctetSet(
        """
        0000000000000000\
        0000000000000000\
        0101111100110110\
        1111111111000000\
        0111111111111111\
        1111111111100011\
        1111111111111111\
        1111111111101010\
        0000000000000000\
        0000000000000000\
        0000000000000000\
        0000000000000000\
        0000000000000000\
        0000000000000000\
        0000000000000000\
        0000000000000000
        """
    )

    /// What any request target of RFC 3986 may hold, its separators and `%` included.
    static let target = OctetSet(
        """
        0000000000000000\
        0000000000000000\
        0100111111111111\
        1111111111110101\
        1111111111111111\
        1111111111110101\
        0111111111111111\
        1111111111100010\
        0000000000000000\
        0000000000000000\
        0000000000000000\
        0000000000000000\
        0000000000000000\
        0000000000000000\
        0000000000000000\
        0000000000000000
        """
    )

    /// What may stand in a request target and needs no second look.
    static let plainTarget = OctetSet(
        """
        0000000000000000\
        0000000000000000\
        0100101111111111\
        1111111111110100\
        1111111111111111\
        1111111111100001\
        0111111111111111\
        1111111111100010\
        0000000000000000\
        0000000000000000\
        0000000000000000\
        0000000000000000\
        0000000000000000\
        0000000000000000\
        0000000000000000\
        0000000000000000
        """
    )

    /// What a `reg-name` of RFC 3986 3.2.2 is made of, `%` included.
    static let registeredName = OctetSet(
        """
        0000000000000000\
        0000000000000000\
        0100111111111110\
        1111111111010100\
        0111111111111111\
        1111111111100001\
        0111111111111111\
        1111111111100010\
        0000000000000000\
        0000000000000000\
        0000000000000000\
        0000000000000000\
        0000000000000000\
        0000000000000000\
        0000000000000000\
        0000000000000000
        """
    )

    /// Hexadecimal digits of either case.
    static let hexadecimal = OctetSet(
        """
        0000000000000000\
        0000000000000000\
        0000000000000000\
        1111111111000000\
        0111111000000000\
        0000000000000000\
        0111111000000000\
        0000000000000000\
        0000000000000000\
        0000000000000000\
        0000000000000000\
        0000000000000000\
        0000000000000000\
        0000000000000000\
        0000000000000000\
        0000000000000000
        """
    )

    /// Printable ASCII without the space.
    static let visible = OctetSet(
        """
        0000000000000000\
        0000000000000000\
        0111111111111111\
        1111111111111111\
        1111111111111111\
        1111111111111111\
        1111111111111111\
        1111111111111110\
        0000000000000000\
        0000000000000000\
        0000000000000000\
        0000000000000000\
        0000000000000000\
        0000000000000000\
        0000000000000000\
        0000000000000000
        """
    )
}
