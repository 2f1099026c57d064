import Testing

@testable import HTTP

struct OctetSetTests {
    private static let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    private static let unreserved = letters + "0123456789-._~"
    private static let subDelimiters = "!$&'()*+,;="

    @Test(arguments: [
        (OctetSet.token, letters + "0123456789!#$%&'*+-.^_`|~"),
        (.registeredName, unreserved + subDelimiters + "%"),
        (.target, unreserved + subDelimiters + ":@/?%[]"),
        (.plainTarget, unreserved + subDelimiters + ":@/"),
        (.hexadecimal, "0123456789abcdefABCDEF"),
        (.visible, String(decoding: 0x21...0x7E, as: UTF8.self)),
    ])
    func holdsExactly(set: OctetSet, members: String) {
        #expect((UInt8.min...UInt8.max).filter { set.contains($0) } == members.utf8.sorted())
    }

    /// The eight-at-a-time scan against the plain one, with every octet at every place of two words and a rest.
    @Test func findsTheFirstControlWhereverItStands() {
        for octet in UInt8.min...UInt8.max {
            for place in 0..<19 {
                var octets: [UInt8] = (0..<19).map { 0x80 &+ UInt8($0) &* 13 | 0x80 }
                octets[place] = octet
                octets[(place + 5) % 19] = .horizontalTab
                let expected = octets.firstIndex { $0 < 0x20 && $0 != 9 || $0 == 0x7F } ?? 19
                #expect(octets.span.firstControl(from: 0) == expected)
            }
        }
    }
}
