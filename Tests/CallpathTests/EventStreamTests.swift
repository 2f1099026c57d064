import Foundation
import Testing

/// Event streams of the built binary over real sockets: many, slow, broken off, resumed and drained.
@Suite(.timeLimit(.minutes(10)))
struct EventStreamTests {
    private static let path = "/v1/modules/same/events"

    private func server(_ arguments: String...) throws -> RunningServer {
        let server = try RunningServer(arguments: ["--log-level", "error"] + arguments)
        let created = try Client(port: server.port).json(
            "POST",
            "/v1/modules",
            #"{"name": "same", "type": "Identity"}"#
        )
        try #require(created.status == 201, "\(created.text)")
        return server
    }

    /// Asks for a stream and returns what the server says first.
    private func open(_ server: RunningServer, _ query: String = "", lastID: String? = nil) throws -> (Client, String) {
        let client = try Client(port: server.port)
        let field = lastID.map { "Last-Event-ID: \($0)\r\n" } ?? ""
        try client.write(Array("GET \(Self.path)\(query) HTTP/1.1\r\nHost: localhost\r\n\(field)\r\n".utf8))
        return (client, try client.text(until: "\r\n\r\n"))
    }

    private func call(_ server: RunningServer, _ input: String = "[1]") throws {
        let answer = try Client(port: server.port).json("POST", "/v1/modules/same/call", #"{"input": \#(input)}"#)
        try #require(answer.status == 200, "\(answer.text)")
    }

    private func listeners(_ server: RunningServer) throws -> String? {
        try Client(port: server.port).send("GET", "/metrics").text.split(separator: "\n")
            .first { $0.hasPrefix("callpath_event_listeners ") }.map(String.init)
    }

    /// Streams whose clients went are noticed a little later: nobody is told when.
    private func expectNoListeners(_ server: RunningServer) throws {
        while try listeners(server) != "callpath_event_listeners 0" { try Task.checkCancellation() }
    }

    @Test func refusesAThousandStreamsBeyondItsLimit() throws {
        let server = try server("--max-listeners", "8")
        var clients: [Client] = []
        for number in 0..<1_000 {
            let (client, head) = try open(server)
            let isOpen = head.hasPrefix("HTTP/1.1 200 ")
            #expect(isOpen == (number < 8))
            if isOpen { clients.append(client) }
            guard !isOpen else { continue }
            #expect(head.hasPrefix("HTTP/1.1 429 "))
            #expect(head.contains("\r\nRetry-After: 1\r\n"))
            #expect(try client.text(until: "}").contains(#""code":"too_many_streams""#))
        }
        try call(server)
        for client in clients { #expect(try client.text(until: "event: call\n").contains(".1\n")) }
        clients.removeAll()
        try expectNoListeners(server)
        #expect(try open(server).1.hasPrefix("HTTP/1.1 200 "))
    }

    @Test func letsAThousandListenersComeAndGo() throws {
        let server = try server("--max-listeners", "1000")
        let before = try server.openDescriptors()
        for _ in 0..<1_000 {
            let (client, head) = try open(server)
            #expect(head.hasPrefix("HTTP/1.1 200 "))
            _ = try client.text(until: ": listening\n\n")
        }
        try expectNoListeners(server)
        while try server.openDescriptors() > before { try Task.checkCancellation() }
        #expect(try server.residentBytes() < 60_000_000)
    }

    @Test func countsWhatASlowListenerMissed() throws {
        let server = try server("--max-pending-events", "4")
        let hook = #"{"kind": "forward", "action": {"type": "capture"}}"#
        #expect(try Client(port: server.port).json("POST", "/v1/modules/same/hooks", hook).status == 201)
        let (client, _) = try open(server, "?kind=capture")
        _ = try client.text(until: ": listening\n\n")
        // Together the events are larger than what fits between the two ends of a connection that nobody reads.
        let large = "[" + [String](repeating: "0.12345679", count: 40_000).joined(separator: ",") + "]"
        for _ in 0..<40 { try call(server, large) }
        let text = try client.text(until: ".79\n")
        let counts = text.matches(of: #/event: dropped\ndata: \{"count":(\d+)\}/#).compactMap { Int($0.output.1) }
        let read = text.matches(of: #/id: [0-9a-f]{8}\.\d+\n/#).count
        #expect(!counts.isEmpty)
        #expect(counts.reduce(0, +) + read == 40, "\(counts) missed, \(read) read")
    }

    @Test func goesOnAfterTheLastEventThatWasSeen() throws {
        let server = try server()
        let (first, _) = try open(server)
        for _ in 0..<3 { try call(server) }
        let seen = try first.text(until: ".3\n")
        let process = try #require(seen.firstMatch(of: #/id: ([0-9a-f]{8})\.1\n/#)?.output.1)
        let (second, _) = try open(server, lastID: "\(process).1")
        let text = try second.text(until: "\(process).3\n")
        #expect(text.contains("id: \(process).2\n"))
        #expect(!text.contains("id: \(process).1\n"))
    }

    /// A proxy that gathers answers is told not to, in whatever form they come.
    @Test(arguments: ["", "--compressed", "--http2-prior-knowledge", "--http2-prior-knowledge --compressed", "-I"])
    func isNotToBeGathered(options: String) throws {
        let server = try server()
        let folder = try Folder()
        let (file, url) = (folder.path("head"), "http://localhost:\(server.port)\(Self.path)")
        let head = try shell(
            """
            curl -sN -D '\(file)' -o /dev/null \(options) \(url) & reader=$!
            for i in {1..3000}; do grep -q $'^\\r$' '\(file)' 2>/dev/null && break; sleep 0.01; done
            kill -9 $reader 2>/dev/null; cat '\(file)'
            """
        ).output.lowercased()
        #expect(head.contains(" 200") && head.contains("\r\nx-accel-buffering: no\r\n"), "\(head)")
        #expect(head.contains("content-encoding: gzip") == options.contains("--compressed"), "\(head)")
    }

    @Test func staysAliveInSilenceAndEndsWithTheServer() throws {
        let server = try server("--heartbeat", "20ms")
        let (client, head) = try open(server)
        #expect(head.contains("\r\nContent-Type: text/event-stream\r\n"))
        #expect(head.contains("\r\nX-Accel-Buffering: no\r\n"))
        _ = try client.text(until: ": idle\n\n")
        #expect(server.terminate() == 0)
        #expect(client.rest().hasSuffix("\r\n0\r\n\r\n"))
    }
}
