import Foundation
import Testing

/// Where the server listens: addresses, Unix sockets, the port for operations; and for whom proxies speak.
@Suite(.timeLimit(.minutes(10)))
struct ListeningTests {
    /// Runs `callpath serve` with `options` until bash has done `body`, and returns what `body` and the log say.
    private func run(_ options: String, _ body: String) throws -> (output: String, status: Int32) {
        let folder = try Folder()
        return try shell(
            """
            cd '\(folder.path(""))'; touch log
            binary='\(try RunningServer.binary().path)'
            "$binary" serve > log 2>&1 \(options) & server=$!
            trap 'kill $server 2>/dev/null' EXIT
            said() { for i in {1..6000}; do grep -q -- "$1" log && return; sleep 0.01; done; return 1; }
            ready() { said 'is ready'; port=$(grep -o 'ready on .*' log | grep -oE '[0-9]+$'); }
            \(body)
            kill $server; wait $server; status=$?
            cat log; exit $status
            """
        )
    }

    @Test(arguments: [
        "--host 127.0.0.1 --host 127.0.0.2", "--host 127.0.0.1,127.0.0.2", "--host=127.0.0.1,[::ffff:127.0.0.2]",
        "--host 127.0.0.2,127.0.0.1,127.0.0.2",
    ])
    func listensAtSeveralAddressesWithOnePort(options: String) throws {
        let body = "ready; for host in 127.0.0.1 127.0.0.2; do curl -sS http://$host:$port/livez; done"
        let (output, status) = try run("--port 0 \(options)", body)
        #expect(status == 0)
        #expect(output.components(separatedBy: #"{"status":"live"}"#).count == 3, "\(output)")
        #expect(output.contains("http://127.0.0.1:") && output.contains("http://127.0.0.2:"), "\(output)")
    }

    @Test(arguments: ["CALLPATH_HOST=127.0.0.1,127.0.0.2", "CALLPATH_HOST='127.0.0.1, 127.0.0.2'"])
    func takesSeveralAddressesFromTheVariable(variable: String) throws {
        let binary = try RunningServer.binary().path
        let printed = try shell("\(variable) '\(binary)' serve --print-config").output
        #expect(printed.contains("\nhost = 127.0.0.1,127.0.0.2\n") || printed.hasPrefix("host = 127.0.0.1,127.0.0.2\n"))
    }

    @Test func anAddressThatCannotBeBoundEndsTheStart() throws {
        let binary = try RunningServer.binary().path
        let (output, status) = try shell("'\(binary)' serve --port 0 --host 127.0.0.1,192.0.2.1 2>&1")
        #expect(status != 0)
        #expect(output.contains("--host, --port: cannot listen on 192.0.2.1:"), "\(output)")
    }

    @Test(arguments: ["", ",", "127.0.0.1,", "[::1", "[127.0.0.1]", "a b", "http://a"])
    func refusesWhatIsNoHost(host: String) throws {
        let binary = try RunningServer.binary().path
        let (output, status) = try shell("'\(binary)' serve --print-config --host '\(host)' 2>&1")
        #expect(status != 0 && output.contains("--host: expected addresses or names of this machine"), "\(output)")
    }

    @Test func aUnixSocketIsTheOnlyListenerUnlessAPortIsAskedFor() throws {
        let (output, status) = try run(
            "--unix-socket socket --log-level debug",
            """
            said 'is ready'; curl -sS --unix-socket socket http://localhost/livez
            stat -c 'mode %a' socket; ls -l /proc/$server/fd | grep -c socket
            kill $server; wait $server; [ -e socket ] || echo gone
            """
        )
        #expect(status == 0, "\(output)")
        #expect(output.contains(#"{"status":"live"}"#) && output.contains("mode 660"), "\(output)")
        #expect(output.contains("gone\n") && output.contains("is ready on unix:socket\n"), "\(output)")
        #expect(output.contains("peer=unix"), "\(output)")
    }

    @Test(arguments: ["--port 0", "--host 127.0.0.1 --port 0"])
    func aUnixSocketIsOneMoreListenerBesideAPort(options: String) throws {
        let (output, status) = try run(
            "--unix-socket socket --unix-socket-mode 600 \(options)",
            """
            ready; curl -sS --unix-socket socket http://localhost/livez; curl -sS http://127.0.0.1:$port/livez
            stat -c 'mode %a' socket
            """
        )
        #expect(status == 0)
        #expect(
            output.components(separatedBy: #"{"status":"live"}"#).count == 3 && output.contains("mode 600"),
            "\(output)"
        )
    }

    /// A socket that nobody serves is replaced; one that somebody serves, and anything else, stays.
    @Test func takesOverOnlyASocketThatNobodyServes() throws {
        let second = #""$binary" serve --unix-socket"#
        let (output, status) = try run(
            "--unix-socket socket",
            """
            said 'is ready'
            \(second) socket 2>&1; curl -sS --unix-socket socket http://localhost/livez
            echo data > file; \(second) file 2>&1; cat file
            ln -s file link; \(second) link 2>&1; mkdir folder; \(second) folder 2>&1
            \(second) nowhere/socket 2>&1; \(second) $(printf 'a%.0s' {1..200}) 2>&1
            kill -KILL $server; wait $server; [ -S socket ] && echo left behind
            \(second) socket > second 2>&1 & server=$!
            for i in {1..6000}; do grep -q 'is ready' second && break; sleep 0.01; done
            curl -sS --unix-socket socket http://localhost/readyz
            """
        )
        #expect(status == 0, "\(output)")
        #expect(
            output.contains("another process serves 'socket'") && output.contains(#"{"status":"live"}"#),
            "\(output)"
        )
        #expect(output.components(separatedBy: "is not a socket; it stays as it is").count == 4, "\(output)")
        #expect(output.contains("data\n") && output.contains("No such file or directory"), "\(output)")
        #expect(output.contains("expected a path of 1 to 107 bytes"), "\(output)")
        #expect(output.contains("left behind") && output.contains(#"{"status":"ready"}"#), "\(output)")
    }

    @Test func aStartThatFailsRemovesItsSocket() throws {
        let folder = try Folder()
        let binary = try RunningServer.binary().path
        let socket = folder.path("socket")
        let command =
            "'\(binary)' serve --unix-socket '\(socket)' --models /nowhere 2>&1; [ -e '\(socket)' ] || echo gone"
        #expect(try shell(command).output.contains("gone"))
    }

    @Test(arguments: [
        ("--port-file f --unix-socket s", "--port-file: needs --host or --port"),
        ("--unix-socket-mode 600", "--unix-socket-mode: needs --unix-socket"),
        ("--unix-socket s --unix-socket-mode 999", "--unix-socket-mode: expected three octal digits"),
        ("--operations-host ::1", "--operations-host: needs --operations-port"),
        ("--operations-port-file f", "--operations-port-file: needs --operations-port"),
        ("--operations-port 65536", "--operations-port: expected 0..65535"),
        ("--forwarded-field forwarded", "--forwarded-field: needs --trusted-proxies"),
        ("--trusted-proxies 10.0.0.0/33", "--trusted-proxies: expected addresses, networks like 10.0.0.0/8"),
        ("--grpc-port x", "--grpc-port: expected 0..65535, got 'x'"),
        ("--unix-socket s --unix-socket-mode 8", "--unix-socket-mode: expected three octal digits"),
        ("--path-prefix /x/", "--path-prefix: expected a path that begins with '/' and does not end with it"),
        ("--cors-origins app.example", "--cors-origins: expected origins like https://app.example"),
        ("--allowed-hosts 'a b'", "--allowed-hosts: expected names of hosts without ports"),
        ("--idle-timeout 5", "--idle-timeout: expected a whole number with us, ms, s, m or h behind it"),
        ("--trusted-proxies localhost", "--trusted-proxies: expected addresses, networks like 10.0.0.0/8"),
    ])
    func refusesOptionsThatMeanNothing(options: String, words: String) throws {
        let binary = try RunningServer.binary().path
        let (output, status) = try shell("'\(binary)' serve --print-config \(options) 2>&1")
        #expect(status != 0 && output.contains(words), "\(output)")
    }

    @Test(arguments: [
        ("--trusted-proxies '10.0.0.0/8, ::1'", "trusted-proxies"),
        ("--trusted-proxies '10.0.0.0/8 ,unix'", "trusted-proxies"),
        ("--allowed-hosts 'a.example, b.example'", "allowed-hosts = a.example,b.example"),
        ("--cors-origins 'https://a, https://b '", "cors-origins = https://a,https://b"),
        ("--host '127.0.0.1, [::1] '", "host = 127.0.0.1,::1"),
    ])
    func takesBlanksAroundTheCommasOfAList(options: String, printed: String) throws {
        let binary = try RunningServer.binary().path
        let (output, status) = try shell("'\(binary)' serve --print-config \(options) 2>&1")
        #expect(status == 0 && output.contains(printed), "\(output)")
    }

    /// What is wrong with a listener is said of the options that are for it.
    @Test(arguments: [
        ("--operations-port $used", "--operations-host, --operations-port: cannot listen on 127.0.0.1:"),
        (
            "--operations-host 9.9.9.9 --operations-port 0",
            "--operations-host, --operations-port: cannot listen on 9.9.9.9:0:"
        ),
        ("--operations-host nosuch.invalid --operations-port 0", "--operations-host: 'nosuch.invalid' has no address"),
        ("--grpc-port $used", "--host, --grpc-port: cannot listen on 127.0.0.1:"),
        ("--port $used", "--host, --port: cannot listen on 127.0.0.1:"),
        ("--host nosuch.invalid", "--host: 'nosuch.invalid' has no address"),
    ])
    func namesTheOptionOfTheListenerThatCannotBeHad(options: String, words: String) throws {
        let other = try RunningServer()
        let port = options.contains("--port") ? "" : "--port 0"
        let command = "used=\(other.port); '\(try RunningServer.binary().path)' serve \(port) \(options) 2>&1"
        let (output, status) = try shell(command)
        #expect(status != 0 && output.contains("Error: \(words)"), "\(output)")
    }

    /// Health and metrics for those who have no certificate and no key, and nothing else.
    @Test func aPortForOperationsNeedsNeitherCertificateNorKey() throws {
        let folder = try Folder()
        let keys = try folder.write("# none\n", to: "keys")
        let fixtures = repository.appendingPathComponent("Tests/HTTPServerTests/Fixtures").path
        let ask = #"curl -s -o /dev/null -w '%{url_effective} %{http_code}\n'"#
        let main = "\(ask) -k --cert '\(fixtures)/client.pem' --key '\(fixtures)/client.key' https://127.0.0.1:$port"
        let (output, status) = try run(
            """
            --port 0 --operations-port 0 --operations-host 127.0.0.2 --operations-port-file watch --keys '\(keys)' \
            --tls-certificate '\(fixtures)/first.pem' --tls-key '\(fixtures)/first.key' --tls-client-auth required \
            --tls-client-ca '\(fixtures)/authority.pem'
            """,
            """
            ready; watch=$(cat watch)
            for path in livez readyz metrics version v1/modules openapi.yaml ping livez/ v2/health/live; do
                \(ask) http://127.0.0.2:$watch/$path
            done
            for path in livez metrics version v1/modules; do \(main)/$path; done
            "$binary" health --ready --host 127.0.0.2 --operations-port $watch && echo healthy
            CALLPATH_OPERATIONS_PORT=$watch CALLPATH_PORT=1 "$binary" health --host 127.0.0.2 && echo healthy
            export CALLPATH_OPERATIONS_HOST=127.0.0.2 CALLPATH_HOST=127.0.0.9 CALLPATH_PORT=1
            CALLPATH_OPERATIONS_PORT=$watch "$binary" health && echo healthy
            "$binary" health --operations-port $watch && echo healthy
            CALLPATH_OPERATIONS_PORT=$watch "$binary" health --port $port 2>&1 | grep 127.0.0.9
            """
        )
        #expect(status == 0)
        for path in ["livez", "readyz", "metrics", "version"] {
            #expect(output.contains(try Regex("http://127.0.0.2:\\d+/\(path) 200\n")), "\(output)")
        }
        for path in ["v1/modules", "openapi.yaml", "ping", "livez/", "v2/health/live"] {
            #expect(output.contains(try Regex("http://127.0.0.2:\\d+/\(path) 404\n")), "\(output)")
        }
        for (path, code) in [("livez", 200), ("version", 200), ("metrics", 404), ("v1/modules", 401)] {
            #expect(output.contains(try Regex("https://127.0.0.1:\\d+/\(path) \(code)\n")), "\(output)")
        }
        #expect(output.components(separatedBy: "healthy").count == 5, "\(output)")
        #expect(output.contains(try Regex("127.0.0.9:\\d+: ")), "\(output)")
    }

    /// A starter that closes standard error must not have the log written into a socket.
    @Test func standardDescriptorsThatAreClosedAreOpened() throws {
        let (output, status) = try run(
            "--port 0 --port-file port --log-level debug 0<&- 2>&-",
            """
            for i in {1..6000}; do [ -s port ] && break; sleep 0.01; done
            curl -sS http://127.0.0.1:$(cat port)/livez; readlink /proc/$server/fd/0 /proc/$server/fd/2
            """
        )
        #expect(status == 0)
        #expect(output.contains(#"{"status":"live"}"#), "\(output)")
        #expect(output.components(separatedBy: "/dev/null").count == 3, "\(output)")
    }

    /// The log has the client's address as `peer`, and whoever named it as `proxy`; of others the fields change nothing.
    @Test(arguments: [
        ("--trusted-proxies 127.0.0.0/8", "X-Forwarded-For: 198.51.100.1, 203.0.113.7:80", "peer=203.0.113.7", true),
        ("--trusted-proxies ::1", "X-Forwarded-For: 203.0.113.7", "peer=127.0.0.1", false),
        ("--trusted-proxies 10.0.0.1", "X-Forwarded-For: 203.0.113.7", "peer=127.0.0.1", false),
        ("--trusted-proxies 127.0.0.1", "Forwarded: for=203.0.113.7", "peer=127.0.0.1", false),
        (
            "--trusted-proxies 127.0.0.1 --forwarded-field forwarded", "Forwarded: for=203.0.113.7", "peer=203.0.113.7",
            true
        ),
        ("--trusted-proxies 127.0.0.1", "X-Forwarded-For: unknown", "peer=127.0.0.1", false),
        ("", "X-Forwarded-For: 1.2.3.4", "peer=127.0.0.1", false),
    ])
    func namesTheClientOfATrustedProxy(options: String, field: String, peer: String, isNamed: Bool) throws {
        let body = "ready; curl -sS -H '\(field)' http://127.0.0.1:$port/v1/modules"
        let (output, _) = try run("--port 0 \(options)", body)
        #expect(output.contains(peer), "\(output)")
        #expect(output.contains("proxy=127.0.0.1") == isNamed, "\(output)")
    }

    /// Where the head of a request cannot be read, nothing is known of the client behind a proxy; else it is named as ever.
    @Test(arguments: [
        (
            #"GET /a HTTP/1.1\r\nX-Forwarded-For: 203.0.113.7\r\nA B: 1\r\n\r\n"#,
            "refused method=GET path=/a proxy=127.0.0.1 reason=malformed_request status=400"
        ),
        (#"G(T / HTTP/1.1\r\n\r\n"#, "refused proxy=127.0.0.1 reason=malformed_request status=400"),
        (
            #"POST /a HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.7\r\nContent-Length: 99\r\n\r\n"#,
            "refused method=POST path=/a proxy=127.0.0.1 reason=body_too_large status=413"
        ),
        (
            #"POST /a HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.7\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n"#,
            "refused method=POST path=/a peer=203.0.113.7 proxy=127.0.0.1 reason=body_too_large status=413"
        ),
        (
            #"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n"#,
            "refused method=POST path=/a peer=127.0.0.1 reason=body_too_large status=413"
        ),
    ])
    func namesTheClientOfWhatItRefuses(octets: String, line: String) throws {
        let body = "ready; exec 5<>/dev/tcp/127.0.0.1/$port; printf '\(octets)' >&5; timeout 5 cat <&5 >answer || true"
        let (output, _) = try run("--port 0 --trusted-proxies 127.0.0.1 --max-body-bytes 10", body)
        #expect(output.contains("callpath.access: \(line)\n"), "\(output)")
    }

    /// Monitors append what they like; whatever it is, it reaches the resource as it came.
    @Test(arguments: ["verbose", "a=1&a=2", "%zz", "%", "x=%f", "a[]=1", "[", "?"])
    func answersProbesWhateverTheirQuery(query: String) throws {
        let paths = "/ /livez /readyz /metrics /version /openapi.yaml /ping"
        let (output, _) = try run(
            "--port 0",
            """
            ready
            for path in \(paths); do for head in '' -I; do
                curl -gsS $head -o /dev/null -w 'answer %{http_code}\\n' "http://127.0.0.1:$port$path?\(query)"
            done; done
            curl -gsS -o /dev/null -w 'strict %{http_code}\\n' "http://127.0.0.1:$port/v1/modules?\(query)"
            curl -gsS -o /dev/null -w 'path %{http_code}\\n' "http://127.0.0.1:$port/livez%zz"
            """
        )
        #expect(output.components(separatedBy: "answer 200").count == 15, "\(output)")
        #expect(output.contains("strict 400") && output.contains("path 400"), "\(output)")
    }

    /// Each client behind the proxy has a rate of its own.
    @Test func limitsEachClientOfATrustedProxy() throws {
        let ask = #"curl -sS -o /dev/null -w '%{http_code}\n' -H"#
        let (output, _) = try run(
            "--unix-socket socket --trusted-proxies unix --rate-limit 0.001 --rate-burst 1",
            """
            said 'is ready'
            for client in 203.0.113.7 203.0.113.8 ::ffff:203.0.113.7 2001:db8::1 2001:DB8:0::1 2001:db8::2; do
                \(ask) "X-Forwarded-For: $client" --unix-socket socket http://localhost/v1/modules
            done
            """
        )
        let statuses = output.split(separator: "\n").map(String.init).filter { $0.count == 3 }
        #expect(statuses == ["200", "200", "429", "200", "429", "200"], "\(output)")
    }
}
