import Foundation
import JSON
import Testing

/// `--data` and `--warm`: when the binary reads the tensors that it kept.
@Suite(.timeLimit(.minutes(10)))
final class ColdStartTests {
    private let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    private var data: String { folder.appendingPathComponent("data").path }

    init() throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(at: folder)
    }

    private func server(_ options: String...) throws -> RunningServer {
        try RunningServer(arguments: ["--data", data] + options)
    }

    /// Registers two layers, whose weights are files, and a network of the first.
    private func prepare() throws {
        let server = try server()
        let client = try Client(port: server.port)
        for (seed, name) in ["a", "b"].enumerated() {
            let layer =
                #"{"name": "\#(name)", "type": "Linear", "in_features": 200, "out_features": 200, "seed": \#(seed)}"#
            #expect(try client.json("POST", "/v1/modules", layer).status == 201)
        }
        let network = #"{"name": "net", "type": "Sequential", "modules": [{"ref": "a"}]}"#
        #expect(try client.json("POST", "/v1/modules", network).status == 201)
        #expect(server.terminate() == 0)
    }

    private static let ones = #"{"input": [\#([String](repeating: "1", count: 200).joined(separator: ","))]}"#

    private func coldCount(_ client: Client) throws -> Int? {
        try JSONValue(parsing: client.json("GET", "/v1/store").body)["cold_modules"]?.asInt
    }

    private func blobs() throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: data + "/blobs").filter { $0.utf8.count > 64 }
            .map { "\(data)/blobs/\($0)" }
    }

    @Test func readsTensorsWhenTheyAreNeeded() throws {
        try prepare()
        let server = try server("--warm", "none")
        let client = try Client(port: server.port)
        for target in [
            "/v1/modules", "/v1/modules/a", "/v1/modules/net", "/v1/modules/net/hooks", "/v2/models", "/v2/models/a",
            "/v2/models/net/config", "/v2/models/net/ready", "/v2/models/stats", "/v2/models/a/stats", "/metrics",
        ] {
            #expect(try client.json("GET", target).status == 200, "\(target)")
        }
        #expect(try client.json("POST", "/v2/repository/index").status == 200)
        #expect(try coldCount(client) == 3)
        #expect(try client.json("POST", "/v1/modules/net/call", Self.ones).status == 200)
        #expect(try coldCount(client) == 1)
        #expect(try client.json("GET", "/v1/modules/b/bias").status == 200)
        #expect(try coldCount(client) == 0)
        #expect(try client.json("GET", "/metrics").text.contains("\ncallpath_cold_modules 0\n"))
    }

    @Test func answersAreTheSameAsBefore() throws {
        try prepare()
        var answers: [[String]] = []
        for warming in ["none", "all"] {
            let server = try server("--warm", warming)
            let client = try Client(port: server.port)
            if warming == "all" { #expect(try coldCount(client) == 0) }
            answers.append(
                try ["/v1/modules/a", "/v1/modules/net", "/v2/models/net", "/v1/modules/net/state_dict"].map {
                    let answer = try client.json("GET", $0)
                    return answer.text + (answer.fields["etag"] ?? "")
                } + [client.json("POST", "/v1/modules/net/call", Self.ones).text]
            )
        }
        #expect(answers[0] == answers[1])
    }

    @Test func loadsWhileNothingElseIsToDo() throws {
        try prepare()
        do {
            let server = try server("--warm", "none")
            let client = try Client(port: server.port)
            for name in ["a", "b"] {
                #expect(try client.json("POST", "/v1/modules/\(name)/call", Self.ones).status == 200)
            }
            #expect(server.terminate() == 0)
        }
        // Those that were called last come first at the next start.
        #expect(try String(contentsOfFile: data + "/recent", encoding: .utf8) == "b\na\n")
        let server = try server()
        let client = try Client(port: server.port)
        while try coldCount(client) != 0 {}
    }

    /// A pipe in the place of a file: whoever opens it waits for ever.
    private func blockTheLoads() throws {
        for path in try blobs() {
            try FileManager.default.removeItem(atPath: path)
            mkfifo(path, 0o400)
        }
    }

    @Test func aStopWaitsForNoLoad() throws {
        try prepare()
        try blockTheLoads()
        let server = try server()
        let client = try Client(port: server.port)
        // Others do not wait for it either.
        #expect(try client.json("POST", "/v1/modules", #"{"name": "c", "type": "ReLU"}"#).status == 201)
        #expect(try client.json("POST", "/v1/modules/c/call", #"{"input": [-1]}"#).status == 200)
        #expect(try client.json("DELETE", "/v1/modules/net").status == 204)
        #expect(server.terminate() == 0)
    }

    @Test func isReadyOnceAllIsLoadedWhereThatIsAskedFor() throws {
        try prepare()
        try blockTheLoads()
        let binary = try RunningServer.binary().path
        let socket = folder.appendingPathComponent("socket").path
        let script = """
            '\(binary)' serve --data '\(data)' --warm all --unix-socket '\(socket)' 2> /dev/null & server=$!
            until curl -s --unix-socket '\(socket)' http://localhost/livez > /dev/null; do kill -0 $server || exit 9; done
            curl -s --unix-socket '\(socket)' http://localhost/readyz
            kill $server
            wait $server && echo ended
            """
        let output = try shell(script).output
        #expect(output.contains("The server is loading: 3 of 3 modules are still to be loaded."), "\(output)")
        #expect(output.hasSuffix("ended\n"), "\(output)")
    }

    @Test func damageShowsWhereSomebodyLooks() throws {
        try prepare()
        for path in try blobs() { try FileManager.default.removeItem(atPath: path) }
        let server = try server("--warm", "none")
        let client = try Client(port: server.port)
        #expect(try client.json("GET", "/v1/modules/a").status == 200)
        let answer = try client.json("POST", "/v1/modules/net/call", Self.ones)
        #expect(answer.status == 409)
        #expect(answer.text.contains("damaged_module"))
        let list = try client.json("GET", "/v1/modules").text
        #expect(list.contains("it refers to 'a', which is damaged: blobs/"), "\(list)")
        #expect(try client.json("GET", "/v1/modules/a").status == 409)
        // The whole module repairs it, and the network with it.
        let layer = #"{"type": "Linear", "in_features": 200, "out_features": 200, "seed": 0}"#
        #expect(try client.json("PUT", "/v1/modules/a", layer).status == 200)
        #expect(try client.json("POST", "/v1/modules/net/call", Self.ones).status == 200)
    }

    @Test func aBackupLoadsNothing() throws {
        try prepare()
        let server = try server("--warm", "none")
        let client = try Client(port: server.port)
        let backup = folder.appendingPathComponent("backup.tar").path
        let first = try shell(
            "curl -sf http://\(server.address)/v1/backup > '\(backup)' && tar tf '\(backup)' | tail -1"
        )
        #expect(first.output == "end.json\n")
        #expect(try coldCount(client) == 3)
        #expect(try client.json("POST", "/v1/modules/net/call", Self.ones).status == 200)
        // The same bytes, whatever is in memory.
        let second = try shell("curl -sf http://\(server.address)/v1/backup | cmp - '\(backup)' && echo same")
        #expect(second.output == "same\n")
        let binary = try RunningServer.binary().path
        let other = folder.appendingPathComponent("other").path
        #expect(try shell("'\(binary)' restore --data '\(other)' < '\(backup)'").status == 0)
        let restored = try RunningServer(arguments: ["--data", other, "--warm", "all"])
        #expect(try coldCount(Client(port: restored.port)) == 0)
    }
}
