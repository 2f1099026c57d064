import HTTPTypes
import Testing

@testable import HTTP

struct TargetTests {
    @Test(
        arguments: [
            ("/", []), ("/v1/modules", ["v1", "modules"]), ("/a/", ["a", ""]), ("//a", ["", "a"]), ("*", ["*"]),
            ("/%66c", ["fc"]), ("/a%2Fb/c", ["a/b", "c"]), ("/%252e", ["%2e"]), ("/%00", ["\u{0}"]), ("/%ff", nil),
            ("/a?b/c", ["a"]),
        ] as [(String, [String]?)]
    )
    func splitsThePathAndThenDecodesOnce(target: String, expected: [String]?) {
        #expect(Request(method: .get, target: target).pathSegments() == expected)
    }

    @Test(arguments: [
        ("/", ""), ("/?", ""), ("/?a=1", "a=1"), ("/?a=1&b", "a=1;b="), ("/?a=%26%3D+x&&c==d", "a=&= x;c==d"),
        ("/?%61=1?2", "a=1?2"), ("/?a=%ff", nil),
    ])
    func readsTheQuery(target: String, expected: String?) {
        let items = Request(method: .get, target: target).queryItems()
        #expect(items?.map { "\($0.name)=\($0.value)" }.joined(separator: ";") == expected)
    }

    @Test(arguments: [
        "a", "localhost:8080", "127.0.0.1", "a.b-c_d~e", "%41.b", "[::1]", "[::]", "[1:2:3:4:5:6:7:8]:80",
        "[::1.2.3.4]",
        "[2001:db8::ff00:42:8329]", "[1:2:3:4:5:6:1.2.3.4]", "a:", "[1::]", "a:65535",
    ])
    func takesHosts(text: String) {
        let isValid = Authority.isValid(Array(text.utf8).span)
        #expect(isValid)
    }

    @Test(arguments: [
        "", ":80", "a b", "user@a", "a/b", "a,b c", "a:80a", "[::1", "a<b", "a\u{0}b", "http://a", "a?b", "a#b", "%4",
        "%zz",
        "[]", "[:]", "[:::]", "[1]", "[1::2::3]", "[1:2:3:4:5:6:7:8:9]", "[12345::]", "[::g]", "[1:]",
        "[:1:2:3:4:5:6:7:8]",
        "[::1.2.3]", "[::256.1.1.1]", "[::1.2.3.4.5]", "[::01.2.3.4]", "[::1]x", "[::1]:x", "a:65536", "a:1:2", "é",
        "[1:2:3:4:5:6:7:1.2.3.4]", "[1:2:3:4:5:6:7:8::]",
    ])
    func refusesWhatIsNoHost(text: String) {
        let isValid = Authority.isValid(Array(text.utf8).span)
        #expect(!isValid)
    }
}
