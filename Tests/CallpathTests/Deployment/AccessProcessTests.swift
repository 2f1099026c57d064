import Foundation
import Testing

/// Keys, limits and origins, over real sockets.
@Suite(.timeLimit(.minutes(10)))
struct AccessProcessTests {
    private static let layer = #"{"name": "fc", "type": "Linear", "in_features": 2, "out_features": 2}"#

    /// A key that `callpath key` made: what its holder sends, and its line in the file.
    private func makeKey(_ name: String, scope: String) throws -> (key: String, line: String) {
        let binary = try RunningServer.binary().path
        let words = try shell("'\(binary)' key --name \(name) --scope \(scope)").output.split(separator: "\n")
        return (String(words[0].dropFirst(6)), String(words[1].dropFirst(6)))
    }

    private func authorization(_ key: String) -> [String: String] {
        ["Authorization": "Bearer \(key)", "Content-Type": "application/json"]
    }

    @Test func letsKeysDoWhatTheirScopeAllows() throws {
        let folder = try Folder()
        let (infer, admin) = (try makeKey("ci", scope: "infer"), try makeKey("boss", scope: "admin"))
        let file = try folder.write("# keys\n\(infer.line)\n\(admin.line)\n", to: "keys")
        #expect(!(infer.line + admin.line).contains(infer.key.dropFirst(4)))
        let server = try RunningServer(arguments: ["--keys", file])
        let client = try Client(port: server.port)
        func status(_ method: String, _ path: String, _ key: String?, _ body: String = "") throws -> Client.Answer {
            try client.send(method, path, fields: key.map(authorization) ?? [:], body: Array(body.utf8))
        }
        let challenge = #"Bearer realm="callpath""#
        let missing = try status("GET", "/v1/modules", nil)
        #expect((missing.status, missing.fields["www-authenticate"]) == (401, challenge))
        let unknown = try status("GET", "/v1/modules", "cpk_" + String(repeating: "0", count: 64))
        #expect((unknown.status, unknown.fields["www-authenticate"]) == (401, challenge + #", error="invalid_token""#))
        let forbidden = try status("POST", "/v1/modules", infer.key, Self.layer)
        #expect(forbidden.status == 403)
        #expect(forbidden.fields["www-authenticate"] == challenge + #", error="insufficient_scope""#)
        #expect(try status("POST", "/v1/modules", admin.key, Self.layer).status == 201)
        #expect(try status("POST", "/v1/modules/fc/call", infer.key, #"{"input": [1, 2]}"#).status == 200)
        for path in ["/", "/livez", "/readyz", "/version", "/metrics", "/ping", "/v2/health/ready", "/openapi.json"] {
            #expect(try status("GET", path, nil).status == 200, "\(path)")
        }
    }

    @Test func dividesWhatOneClientMayAsk() throws {
        let limits = ["--rate-limit", "0.01", "--rate-burst", "4"]
        for (share, admitted) in [("1", 4), ("2", 2), ("8", 1)] {
            let server = try RunningServer(arguments: limits + ["--rate-share", share])
            let client = try Client(port: server.port)
            let statuses = try (0..<6).map { _ in try client.send("GET", "/v1/modules").status }
            #expect(statuses.filter { $0 == 200 }.count == admitted, "\(share)")
        }
    }

    @Test func readsTheKeysAgainAndKeepsTheOldOnesIfALineIsBad() throws {
        let (folder, log) = (try Folder(), try LogFile())
        let (old, new) = (try makeKey("old", scope: "infer"), try makeKey("new", scope: "infer"))
        let file = try folder.write(old.line, to: "keys")
        let server = try RunningServer(arguments: ["--keys", file], log: log.handle)
        let client = try Client(port: server.port)
        func status(_ key: String) throws -> Int {
            try client.send("GET", "/v1/modules", fields: authorization(key)).status
        }
        try folder.write("\(new.line)\nbad line\n", to: "keys")
        server.send(SIGHUP)
        try log.wait(for: "line 2: expected 3 words (name, scopes, digest), got 2")
        #expect(try (status(old.key), status(new.key)) == (200, 401))
        try folder.write(new.line, to: "keys")
        server.send(SIGHUP)
        try log.wait(for: "callpath: read the keys again")
        #expect(try (status(old.key), status(new.key)) == (401, 200))
        #expect(server.terminate() == 0)
        // Whoever looks every few seconds may have seen the change first.
        #expect(log.text.components(separatedBy: "the keys again").count >= 3, "\(log.text)")
    }

    @Test func aStreamEndsWithTheKeyThatItWasGranted() throws {
        let folder = try Folder()
        let (old, new) = (try makeKey("old", scope: "admin"), try makeKey("new", scope: "infer"))
        let file = try folder.write("\(old.line)\n\(new.line)\n", to: "keys")
        let server = try RunningServer(arguments: ["--keys", file])
        let layer = Array(Self.layer.utf8)
        let client = try Client(port: server.port)
        #expect(try client.send("POST", "/v1/modules", fields: authorization(old.key), body: layer).status == 201)
        // With signal 9 in the end: what a test starts has SIGTERM blocked.
        let curl = """
            open() { curl -sN -H "Authorization: Bearer $1" localhost:\(server.port)/v1/modules/fc/events > "$2" & }
            heard() { for i in {1..3000}; do grep -q "$1" "$2" && return; sleep 0.01; done; return 1; }
            open \(old.key) '\(folder.path("old"))'; first=$!; open \(new.key) '\(folder.path("new"))'; second=$!
            heard listening '\(folder.path("old"))'; heard listening '\(folder.path("new"))'
            printf '# %s\\n%s\\n' '\(old.line)' '\(new.line)' > '\(file)'; kill -HUP \(server.processIdentifier)
            wait $first; echo "ended with $?"; kill -0 $second && echo other streams go on
            kill -9 $second
            """
        let output = try shell(curl).output
        #expect(output.contains("other streams go on"))
        #expect(!output.contains("ended with 0"), "\(output)")
        #expect(try client.send("GET", "/v1/modules", fields: authorization(old.key)).status == 401)
    }

    /// What is cut must not look whole: a backup is written to a file, and nobody reads its end.
    @Test(arguments: ["--http1.1", "--http2-prior-knowledge", "--http1.1 --compressed"])
    func aStreamThatIsCutDoesNotEndAsIfItWereWhole(version: String) throws {
        let folder = try Folder()
        let key = try makeKey("boss", scope: "admin")
        let file = try folder.write(key.line, to: "keys")
        let server = try RunningServer(arguments: ["--keys", file])
        let layer = Array(#"{"name": "fc", "type": "Linear", "in_features": 2048, "out_features": 4096}"#.utf8)
        let client = try Client(port: server.port)
        #expect(try client.send("POST", "/v1/modules", fields: authorization(key.key), body: layer).status == 201)
        let (url, backup) = ("http://localhost:\(server.port)/v1/backup", folder.path("backup.tar"))
        let output = try shell(
            """
            curl -sN \(version) --limit-rate 100k -H 'Authorization: Bearer \(key.key)' -o '\(backup)' \(url) &
            reader=$!
            for i in {1..3000}; do [ -s '\(backup)' ] && break; sleep 0.01; done
            : > '\(file)'; kill -HUP \(server.processIdentifier)
            wait $reader; echo "ended with $?"
            """
        ).output
        // Cut off while it received: by a reset, within a chunk, or in its frames.
        #expect(["18", "56", "92"].contains { output == "ended with \($0)\n" }, "\(output)")
        #expect(server.terminate() == 0)
    }

    /// A client that reads nothing keeps nothing that was granted to its key.
    @Test func aStreamThatNobodyReadsEndsWithItsKeyToo() throws {
        let (folder, log) = (try Folder(), try LogFile())
        let key = try makeKey("boss", scope: "admin")
        let file = try folder.write(key.line, to: "keys")
        let server = try RunningServer(arguments: ["--keys", file, "--write-timeout", "600s"], log: log.handle)
        let layer = Array(#"{"name": "fc", "type": "Linear", "in_features": 2048, "out_features": 8192}"#.utf8)
        let (client, reader) = (try Client(port: server.port), try Client(port: server.port))
        #expect(try client.send("POST", "/v1/modules", fields: authorization(key.key), body: layer).status == 201)
        let ask = "GET /v1/backup HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \(key.key)\r\n\r\n"
        try reader.write(Array(ask.utf8))
        #expect(try reader.text(until: "\r\n\r\n").hasPrefix("HTTP/1.1 200 "))
        try folder.write("", to: "keys")
        server.send(SIGHUP)
        try log.wait(for: "target=/v1/backup")
    }

    @Test func isAskedUnderItsOwnNames() throws {
        func statuses(_ arguments: [String]) throws -> String {
            let server = try RunningServer(arguments: arguments)
            return try ["localhost", "127.0.0.1", "evil.example", "App.example:80"].map { host in
                let command =
                    "curl -s -o /dev/null -w '%{http_code}' -H 'Host: \(host)' 127.0.0.1:\(server.port)/version"
                return try shell(command).output
            }.joined(separator: " ")
        }
        #expect(try statuses([]) == "200 200 421 421")
        #expect(try statuses(["--allowed-hosts", "app.example,other"]) == "200 200 421 200")
        #expect(try statuses(["--allowed-hosts", "*"]) == "200 200 200 200")
        #expect(try statuses(["--host", "0.0.0.0"]) == "200 200 200 200")
        #expect(try statuses(["--host", "0.0.0.0", "--allowed-hosts", "app.example"]) == "200 200 421 200")
    }

    /// It is asked under whatever name a monitor has for it, and shows nothing that a page could not read anyway.
    @Test(arguments: ["127.0.0.1", "0.0.0.0"])
    func thePortForOperationsIsAskedUnderAnyName(host: String) throws {
        let folder = try Folder()
        let (file, options) = (folder.path("port"), ["--operations-port", "0", "--operations-host", host])
        let server = try RunningServer(arguments: options + ["--operations-port-file", file])
        let port = try String(contentsOfFile: file, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
        for (path, status) in [("/version", "200"), ("/readyz", "200"), ("/v1/modules", "404")] {
            let ask = "curl -s -o /dev/null -w '%{http_code}' -H 'Host: evil.example' 127.0.0.1"
            #expect(try shell("\(ask):\(port)\(path)").output == status, "\(path)")
            let main = path == "/readyz" ? "200" : "421"
            #expect(try shell("\(ask):\(server.port)\(path)").output == main, "\(path)")
        }
    }

    @Test(arguments: [
        ("--allowed-hosts", "a.example:80"), ("--allowed-hosts", "https://a.example"), ("--allowed-hosts", "a,,b"),
        ("--path-prefix", "x/y"), ("--path-prefix", "/x/"), ("--path-prefix", "/x?y"), ("--path-prefix", "/"),
        // What would hide the server's own paths.
        ("--path-prefix", "/v1"), ("--path-prefix", "/v2"), ("--path-prefix", "/v1/modules"),
        ("--path-prefix", "/readyz"), ("--path-prefix", "/console"),
    ])
    func refusesWhatIsNoNameOrPrefix(option: String, value: String) throws {
        let binary = try RunningServer.binary().path
        let (output, status) = try shell("'\(binary)' serve --port 0 \(option) '\(value)' 2>&1")
        #expect(status != 0)
        #expect(output.contains("\(option): expected"), "\(output)")
    }

    @Test func answersBehindAPrefixToo() throws {
        let server = try RunningServer(arguments: ["--path-prefix", "/models/a"])
        let client = try Client(port: server.port)
        for prefix in ["", "/models/a"] {
            let made = try client.json("POST", prefix + "/v1/modules", #"{"name": "m", "type": "ReLU"}"#)
            #expect(made.fields["location"] == "/models/a/v1/modules/m")
            #expect(try client.send("DELETE", prefix + "/v1/modules/m").status == 204)
            #expect(try client.send("GET", prefix + "/readyz").status == 200)
        }
        #expect(try client.send("GET", "/models/ab/readyz").status == 404)
    }

    /// Kubernetes swaps a link and sends no signal.
    @Test func readsTheKeysAgainWithoutASignal() throws {
        let (folder, log) = (try Folder(), try LogFile())
        let (old, new) = (try makeKey("old", scope: "infer"), try makeKey("new", scope: "infer"))
        _ = try shell(
            "mkdir '\(folder.path("1"))' '\(folder.path("2"))'; cd '\(folder.path("."))'; ln -s 1 data; ln -s data/keys keys"
        )
        try folder.write(old.line, to: "1/keys")
        try folder.write(new.line, to: "2/keys")
        let server = try RunningServer(arguments: ["--keys", folder.path("keys")], log: log.handle)
        let client = try Client(port: server.port)
        _ = try shell("cd '\(folder.path("."))' && ln -sfn 2 next && mv -T next data")
        try log.wait(for: "callpath: read the keys again")
        #expect(try client.send("GET", "/v1/modules", fields: authorization(new.key)).status == 200)
        #expect(try client.send("GET", "/v1/modules", fields: authorization(old.key)).status == 401)
        _ = try shell("rm '\(folder.path("2/keys"))'")
        try log.wait(for: "could not read the keys again")
        #expect(try client.send("GET", "/v1/modules", fields: authorization(new.key)).status == 200)
    }

    @Test(arguments: [
        ("ci infer", "line 1: expected 3 words"), ("\n\nci root 00", "line 3: 'root' is no scope"),
        ("# fine\nci infer 00", "line 2: the digest must be 64 hexadecimal digits"),
    ])
    func refusesABadLineByItsNumber(text: String, words: String) throws {
        let folder = try Folder()
        let (binary, file) = (try RunningServer.binary().path, try folder.write(text, to: "keys"))
        let (output, status) = try shell("timeout 20 '\(binary)' serve --port 0 --keys '\(file)' 2>&1")
        #expect(status == 1)
        #expect(output.contains("--keys: \(file): \(words)"), "\(output)")
    }

    @Test func countsEachKeyForItselfAndStrangersByAddress() throws {
        let folder = try Folder()
        let (one, two) = (try makeKey("one", scope: "infer"), try makeKey("two", scope: "infer"))
        let file = try folder.write("\(one.line)\n\(two.line)\n", to: "keys")
        let server = try RunningServer(arguments: ["--keys", file, "--rate-limit", "0.01", "--rate-burst", "2"])
        let client = try Client(port: server.port)
        for fields in [authorization(one.key), authorization(two.key)] {
            for _ in 0..<2 { #expect(try client.send("GET", "/v1/modules", fields: fields).status == 200) }
            let refused = try client.send("GET", "/v1/modules", fields: fields)
            #expect(refused.status == 429)
            let seconds = try #require(refused.fields["retry-after"].flatMap { Int($0) })
            #expect((90...100).contains(seconds))
        }
        // Whoever guesses keys does so at the rate of an address, and health is nobody's rate.
        let guesses = try (0..<4).map {
            try client.send("GET", "/v1/modules", fields: authorization("guess\($0)")).status
        }
        #expect(guesses == [401, 401, 429, 429])
        for _ in 0..<5 { #expect(try client.send("GET", "/livez").status == 200) }
    }

    /// A call that waits for others to join it is under way meanwhile.
    @Test func boundsWhatOneClientHasUnderWay() throws {
        let server = try RunningServer(
            arguments: ["--concurrency-limit", "1", "--inline-work", "0", "--batch-delay", "3s"]
        )
        let (slow, other) = (try Client(port: server.port), try Client(port: server.port))
        #expect(try slow.json("POST", "/v1/modules", Self.layer).status == 201)
        let body = #"{"input": [1, 2]}"#
        let head = "POST /v1/modules/fc/call HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        try slow.write(Array("\(head)Content-Length: \(body.utf8.count)\r\n\r\n\(body)".utf8))
        try waitUntilOneIsAnswered(by: server)
        let refused = try other.send("GET", "/v1/modules")
        #expect((refused.status, refused.fields["retry-after"]) == (429, "1"))
        #expect(try slow.readAnswer().status == 200)
        #expect(try other.send("GET", "/v1/modules").status == 200)
    }

    /// Waits until a request is under way; the one that asks is answered at once and counts against no limit.
    private func waitUntilOneIsAnswered(by server: RunningServer) throws {
        let (watcher, deadline) = (try Client(port: server.port), ContinuousClock.now + .seconds(10))
        while !(try watcher.send("GET", "/metrics").text.contains(#"connections{state="answering"} 1"#)) {
            try #require(ContinuousClock.now < deadline)
        }
    }

    @Test func answersPreflightsOfAllowedOriginsOnly() throws {
        let folder = try Folder()
        let log = try LogFile()
        let key = try makeKey("page", scope: "infer")
        let file = try folder.write(key.line, to: "keys")
        let arguments = ["--keys", file, "--cors-origins", "https://app.test,http://localhost:3000"]
        let server = try RunningServer(arguments: arguments, log: log.handle)
        let client = try Client(port: server.port)
        func preflight(_ origin: String) throws -> Client.Answer {
            let wanted = ["Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"]
            return try client.send("OPTIONS", "/v1/modules/fc/call", fields: wanted.merging(["Origin": origin]) { $1 })
        }
        let allowed = try preflight("http://localhost:3000")
        #expect(allowed.status == 204)
        #expect(allowed.fields["access-control-allow-origin"] == "http://localhost:3000")
        #expect(allowed.fields["access-control-allow-headers"] == "authorization")
        #expect(allowed.fields["access-control-allow-methods"]?.contains("POST") == true)
        #expect(allowed.fields["vary"]?.contains("Origin") == true)
        #expect(try log.wait(for: "method=OPTIONS").contains("status=204"))
        for origin in ["https://app.test.evil", "https://app.test:444", "null", "http://app.test"] {
            #expect(try preflight(origin).fields["access-control-allow-origin"] == nil, "\(origin)")
        }
        let refused = try client.send("GET", "/v1/modules", fields: ["Origin": "https://app.test"])
        #expect((refused.status, refused.fields["access-control-allow-origin"]) == (401, "https://app.test"))
        #expect(refused.fields["access-control-allow-credentials"] == nil)
    }

    @Test func crossOriginIsOffByDefault() throws {
        let server = try RunningServer()
        let answer = try Client(port: server.port).send(
            "GET",
            "/livez",
            fields: ["Origin": "https://app.test"]
        )
        #expect(answer.fields["access-control-allow-origin"] == nil)
    }

    @Test(arguments: [("0.0.0.0", [], true), ("127.0.0.1", [], false), ("0.0.0.0", ["--keys"], false)])
    func warnsOfAnOpenDoor(host: String, options: [String], isWarned: Bool) throws {
        let (folder, log) = (try Folder(), try LogFile())
        let file = try folder.write("", to: "keys")
        let arguments = ["--host", host] + options.flatMap { [$0, file] }
        let server = try RunningServer(arguments: arguments, log: log.handle)
        #expect(server.terminate() == 0)
        #expect(log.text.contains("warning callpath: listening beyond loopback without keys") == isWarned)
    }
}
