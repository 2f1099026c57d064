import HTTPTypes
import Testing

@testable import HTTP

/// Whom a proxy's field names as the client.
struct TrustedProxiesTests {
    private static let proxies: TrustedProxies = {
        var proxies = TrustedProxies()
        proxies.networks = ["10.0.0.0/8", "2001:db8:1::/48", "192.0.2.1"].compactMap(IPNetwork.init)
        return proxies
    }()

    private static func client(_ field: TrustedProxies.Field, _ lines: [String]) -> String? {
        var fields = HTTPFields()
        for line in lines {
            // The other field is never read.
            fields.append(HTTPField(name: field == .forwarded ? .forwarded : .xForwardedFor, value: line))
            fields.append(
                HTTPField(
                    name: field == .forwarded ? .xForwardedFor : .forwarded,
                    value: field == .forwarded ? "203.0.113.99" : "for=203.0.113.99"
                )
            )
        }
        var proxies = proxies
        proxies.field = field
        return proxies.client(in: Request(method: .get, target: "/", fields: fields).fields)
    }

    @Test(
        arguments: [
            (["203.0.113.7"], "203.0.113.7"), (["203.0.113.7, 10.0.0.2"], "203.0.113.7"),
            // What a client forges stands to the left of what its proxy adds.
            (["198.51.100.1, 203.0.113.7, 10.9.9.9, 192.0.2.1"], "203.0.113.7"),
            (["198.51.100.1", "203.0.113.7"], "203.0.113.7"), (["203.0.113.7", "10.0.0.2"], "203.0.113.7"),
            // All are trusted: the farthest.
            (["10.0.0.3, 10.0.0.2"], "10.0.0.3"), ([], nil), ([""], nil), ([" , ,"], nil),
            (["203.0.113.7, , 10.0.0.2,"], "203.0.113.7"), (["203.0.113.7\t,\t10.0.0.2"], "203.0.113.7"),
            // What is no address ends the walk at the hop before it.
            (["203.0.113.7, unknown, 10.0.0.2"], "10.0.0.2"), (["203.0.113.7, _x"], nil), (["junk"], nil),
            (["203.0.113.7, 010.0.0.1"], nil), (["203.0.113.7, 10.0.0.2.3"], nil), (["1.2.3"], nil),
            (["[203.0.113.7]"], nil), (["203.0.113.7:"], nil), (["203.0.113.7:a b"], nil), (["[::1"], nil),
            (["fe80::1%eth0"], nil),
            ([String(repeating: "\u{1F1E9}", count: 7_000)], nil), ([String(repeating: "1", count: 30_000)], nil),
            ([String(repeating: "10.0.0.1,", count: 3_000) + "203.0.113.7"], "203.0.113.7"),
            (["203.0.113.7" + String(repeating: ",10.0.0.1", count: 3_000)], "203.0.113.7"),
            // Ports and brackets come off.
            (["203.0.113.7:4711"], "203.0.113.7"), (["[2001:db8::7]:4711"], "2001:db8::7"),
            (["[2001:db8::7]"], "2001:db8::7"), (["2001:db8::7"], "2001:db8::7"),
            // One address in every spelling.
            (["2001:0DB8:0:0::0007"], "2001:db8::7"), (["::ffff:203.0.113.7"], "203.0.113.7"),
            (["[::FFFF:cb00:7107]:80"], "203.0.113.7"), (["198.51.100.1, 2001:db8:1::5"], "198.51.100.1"),
            (["198.51.100.1, ::ffff:10.0.0.1"], "198.51.100.1"), (["198.51.100.1, 2001:db8:2::5"], "2001:db8:2::5"),
        ] as [([String], String?)]
    )
    func readsXForwardedForFromItsEnd(lines: [String], client: String?) {
        #expect(Self.client(.xForwardedFor, lines) == client)
    }

    @Test(
        arguments: [
            (["for=203.0.113.7"], "203.0.113.7"), (["For=203.0.113.7;proto=https;by=10.0.0.1"], "203.0.113.7"),
            (["proto=https ; for=203.0.113.7"], "203.0.113.7"), (["for=\"203.0.113.7:4711\""], "203.0.113.7"),
            (["for=\"[2001:db8:cafe::17]:4711\""], "2001:db8:cafe::17"), (["for=\"[2001:db8::7]\""], "2001:db8::7"),
            (["for=203.0.113.7, for=10.0.0.2;by=\"a,b\""], "203.0.113.7"),
            (["for=198.51.100.1, for=203.0.113.7", "for=10.0.0.2"], "203.0.113.7"),
            // A quote that a client leaves open swallows nothing that its proxy added.
            (["for=\"198.51.100.1, for=203.0.113.7"], "203.0.113.7"),
            (["for=203.0.113.7, for=unknown, for=10.0.0.2"], "10.0.0.2"), (["for=_hidden"], nil),
            (["by=10.0.0.1"], nil),
            (["for=203.0.113.7;for=198.51.100.1"], nil), (["203.0.113.7"], nil),
            (["for=\"203.0.113.7:_port\""], "203.0.113.7"),
            (["for="], nil), (["for=\"\""], nil),
            // A backslash within quotes says nothing of what stands behind it.
            (["for=\"203.0.113\\.7\""], "203.0.113.7"), (["for=\"\\[2001:db8::7\\]:\\4711\""], "2001:db8::7"),
            (["for=\"\\2\\0\\3.0.113.7\", for=10.0.0.2"], "203.0.113.7"), (["for=\"203.0.113\\\\.7\""], nil),
            (["for=203.0.113\\.7"], nil), (["for=\"203.0.113.7\\\""], nil),
            // What a client makes its proxy quote names nobody.
            (["for=203.0.113.7;host=\"a;for=198.51.100.1\""], "203.0.113.7"),
            (["for=203.0.113.7;host=\"a,for=198.51.100.1\""], "203.0.113.7"),
            (["for=203.0.113.7;host=\"a\\\",for=198.51.100.1\""], "203.0.113.7"),
            (["for=203.0.113.7;host=\"\(String(repeating: "a", count: 2_000))\""], nil),
        ] as [([String], String?)]
    )
    func readsForwardedFromItsEnd(lines: [String], client: String?) {
        #expect(Self.client(.forwarded, lines) == client)
    }

    @Test(arguments: [
        ("10.1.2.3", true), ("11.0.0.1", false), ("192.0.2.1", true), ("192.0.2.2", false), ("2001:db8:1:2::3", true),
        ("2001:db8:2::3", false), ("unix", false), ("", false),
    ])
    func trustsThePeersOfItsNetworks(peer: String, isTrusted: Bool) {
        #expect(Self.proxies.contains(peer: peer) == isTrusted)
    }

    @Test(arguments: [
        ("10.0.0.0/8", "10.255.255.255", true), ("10.1.2.3/8", "10.0.0.1", true), ("10.0.0.0/0", "203.0.113.7", true),
        // Of IPv4, all of it.
        ("0.0.0.0/0", "::1", false), ("::/0", "203.0.113.7", true), ("::ffff:10.0.0.0/104", "10.1.1.1", true),
        ("10.0.0.1", "10.0.0.1", true), ("10.0.0.1/32", "10.0.0.2", false),
        ("2001:db8::/65", "2001:db8::1:0:0:1", true),
        ("2001:db8::/65", "2001:db8:0:0:8000::1", false), ("::1/128", "::1", true),
    ])
    func aNetworkHasTheAddressesThatBeginAsItDoes(network: String, address: String, isInside: Bool) throws {
        #expect(try #require(IPNetwork(network)).contains(#require(IPAddress(address))) == isInside)
    }

    @Test(arguments: [
        "", "/", "10.0.0.0/", "10.0.0.0/33", "::/129", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/8/8", "10.0.0.0/ 8",
        "10.0.0/8", "localhost", "10.0.0.0/0008", "[::1]", " 10.0.0.1", "10.0.0.1 ",
    ])
    func refusesWhatIsNoNetwork(text: String) {
        #expect(IPNetwork(text) == nil)
    }
}
