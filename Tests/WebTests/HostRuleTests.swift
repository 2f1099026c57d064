import Testing

@testable import Web

struct HostRuleTests {
    private static func admits(_ rule: HostRule, _ host: String) -> Bool { rule.admits(Array(host.utf8)[...]) }

    @Test(arguments: [
        "localhost", "localhost:8080", "LOCALHOST.", "app.localhost:1", "127.0.0.1", "127.0.0.1:80", "[::1]:8080",
        "127.1",
        "0x7f.1", "0x7f000001", "192.168.1.7", "callpath", "box.example.org", "BOX.Example.ORG.:9", "",
    ])
    func aLocalServerIsAskedUnderLocalNames(host: String) {
        #expect(Self.admits(HostRule(isLocal: true, machineName: "box.example.org"), host))
    }

    @Test(arguments: [
        "evil.example", "evil.example:8080", "EVIL.EXAMPLE.", "localhost.evil.example", "127.0.0.1.evil.example",
        "notlocalhost.example", "evil%2Eexample", "a.b", "x.0xz", "other.example.org",
    ])
    func aLocalServerIsNotAskedUnderPublicNames(host: String) {
        #expect(!Self.admits(HostRule(isLocal: true, machineName: "box.example.org"), host))
    }

    @Test(arguments: [true, false])
    func namesThatAreGivenAreTheOnlyOnes(isLocal: Bool) {
        let rule = HostRule(allowed: ["App.Example", "models"], isLocal: isLocal)
        for host in ["app.example", "APP.example:443", "models", "localhost", "10.0.0.1:80", "[fe80::1]"] {
            #expect(Self.admits(rule, host), "\(host)")
        }
        for host in ["www.app.example", "example", "other", "app.example.evil.test"] {
            #expect(!Self.admits(rule, host), "\(host)")
        }
    }
}

struct PathPrefixTests {
    @Test(arguments: ["/x", "/x/y", "/models/a-1_b.c~d"])
    func isSegmentsWithASlashBeforeEach(text: String) {
        #expect(PathPrefix(text)?.text == text)
    }

    @Test(arguments: ["", "/", "x", "/x/", "//x", "/x//y", "/a b", "/a?b", "/{a}", "/%41", "/a/../b", "/.", "/é"])
    func isNothingElse(text: String) {
        #expect(PathPrefix(text) == nil)
    }

    @Test(arguments: [
        ("/v1", "/v1/modules", true), ("/v1/modules", "/v1/modules", true),
        ("/v1/modules/a", "/v1/modules/{name}", true),
        ("/v1/modules/a/parameters/x/y/z", "/v1/modules/{name}/parameters/{path...}", true),
        ("/v1/modules/a/b", "/v1/modules/{name}", false), ("/v1x", "/v1/modules", false),
        ("/x/v1", "/v1/modules", false),
        ("/v1/x", "/v1/modules", false), ("/V1", "/v1/modules", false), ("/x", "/", false),
    ])
    func mustNotBeginAPathOfTheServer(text: String, template: String, isBeginning: Bool) throws {
        let prefix = try #require(PathPrefix(text))
        #expect(prefix.isBeginning(of: PathTemplate(template)) == isBeginning)
        #expect(!PathPrefix().isBeginning(of: PathTemplate(template)))
    }

    @Test(arguments: [
        ("/x/v1/modules", "/v1/modules"), ("/x", ""), ("/x/", "/"), ("/xy/v1", "/xy/v1"), ("/v1", "/v1"),
        ("/x/x/v1", "/x/v1"), ("/%78/v1", "/v1"), ("/%78", ""), ("%2fx/v1", "%2fx/v1"), ("/x%2Fv1", "/x%2Fv1"),
        ("/%7", "/%7"), ("/%7g/v1", "/%7g/v1"), ("/%79/v1", "/%79/v1"), ("/%+8/v1", "/%+8/v1"), ("/%78/%76", "/%76"),
    ])
    func isTakenOffAsAWhole(path: String, rest: String) throws {
        let prefix = try #require(PathPrefix("/x"))
        #expect(prefix.removed(from: Array(path.utf8)[...]).elementsEqual(rest.utf8))
    }
}
