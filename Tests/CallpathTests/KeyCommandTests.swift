import Foundation
import Testing

/// Keys as people make, send and lack them.
@Suite(.timeLimit(.minutes(10)))
struct KeyCommandTests {
    private func key(_ words: String) throws -> (output: String, status: Int32) {
        try shell("'\(RunningServer.binary().path)' key \(words) 2>&1")
    }

    @Test(arguments: ["", "# comment", "# comment\n"])
    func appendsToTheFileAndPrintsTheKeyAlone(content: String) throws {
        let folder = try Folder()
        let file = content.isEmpty ? folder.path("keys") : try folder.write(content, to: "keys")
        let one = try key("--name one --file '\(file)'").output
        let two = try key("--name two --scope admin --file '\(file)'").output
        #expect(one.wholeMatch(of: /cpk_[0-9a-f]{64}\n/) != nil && two.hasPrefix("cpk_"))
        if content.isEmpty { #expect(try shell("stat -c %a '\(file)'").output == "600\n") }
        let server = try RunningServer(arguments: ["--keys", file])
        for printed in [one, two] {
            let fields = ["Authorization": "Bearer \(printed.trimmingCharacters(in: .newlines))"]
            #expect(try Client(port: server.port).send("GET", "/v1/modules", fields: fields).status == 200)
        }
    }

    @Test(arguments: [
        ("one infer 00\n", "line 1: the digest must be 64 hexadecimal digits"),
        ("key: cpk_1\n", "line 1: 'key:' is what"),
    ])
    func leavesABadFileAsItIs(content: String, words: String) throws {
        let folder = try Folder()
        let file = try folder.write(content, to: "keys")
        let (output, status) = try key("--name two --file '\(file)'")
        #expect(status == 1)
        #expect(output.contains("--file: \(file): \(words)"), "\(output)")
        #expect(try String(contentsOfFile: file, encoding: .utf8) == content)
    }

    @Test func refusesANameThatTheFileHas() throws {
        let folder = try Folder()
        let file = folder.path("keys")
        #expect(try key("--name one --file '\(file)'").status == 0)
        #expect(try key("--name one --file '\(file)'").output.contains("the name 'one' stands on an earlier line"))
        #expect(try key("--name one --file '\(folder.path("no/file"))'").output.contains("No such file or directory"))
    }

    /// What `callpath key >> keys` leaves is refused with the way to do it.
    @Test func namesTheWayToAppend() throws {
        let folder = try Folder()
        let file = try folder.write(try key("--name one").output, to: "keys")
        let (output, status) = try shell("'\(RunningServer.binary().path)' serve --port 0 --keys '\(file)' 2>&1")
        #expect(status == 1)
        #expect(output.contains("line 1: 'key:' is what") && output.contains("callpath key --file"), "\(output)")
    }

    @Test(arguments: ["\u{FEFF}LINE\n", "LINE\r\n", "\u{FEFF}# comment\r\nLINE\r\n"])
    func readsWhatOtherEditorsWrite(form: String) throws {
        let folder = try Folder()
        let words = try key("--name one").output.split(separator: "\n").map { String($0.dropFirst(6)) }
        let file = try folder.write(form.replacing("LINE", with: words[1]), to: "keys")
        let server = try RunningServer(arguments: ["--keys", file])
        let client = try Client(port: server.port)
        for value in ["Bearer \(words[0])", "Bearer   \(words[0])", "bearer \t\(words[0])", "Bearer \(words[0]) "] {
            #expect(try client.send("GET", "/v1/modules", fields: ["Authorization": value]).status == 200, "\(value)")
        }
        #expect(try client.send("GET", "/v1/modules", fields: ["Authorization": "Bearer a b"]).status == 401)
    }

    @Test func letsStrangersInferWhereItIsTold() throws {
        let folder = try Folder()
        let file = folder.path("keys")
        let printed = try key("--name boss --scope admin --file '\(file)'").output
        let boss = ["Authorization": "Bearer \(printed.trimmingCharacters(in: .newlines))"]
        let json = ["Content-Type": "application/json"]
        let server = try RunningServer(arguments: ["--keys", file, "--anonymous-scope", "infer"])
        let client = try Client(port: server.port)
        let layer = Array(#"{"type": "Linear", "in_features": 2, "out_features": 1}"#.utf8)
        func status(
            _ method: String,
            _ path: String,
            _ fields: [String: String] = [:],
            _ body: [UInt8] = []
        ) throws -> Int {
            try client.send(method, path, fields: fields.merging(json) { own, _ in own }, body: body).status
        }
        #expect(try status("PUT", "/v1/modules/fc", [:], layer) == 401)
        #expect(try status("PUT", "/v1/modules/fc", boss, layer) == 201)
        #expect(try status("GET", "/v1/modules") == 200)
        #expect(try status("POST", "/v1/modules/fc/call", [:], Array(#"{"input": [1, 2]}"#.utf8)) == 200)
        #expect(try status("GET", "/v2/models/fc") == 200)
        #expect(try status("DELETE", "/v1/modules/fc") == 401)
        #expect(try status("GET", "/v1/modules", ["Authorization": "Bearer wrong"]) == 401)
    }

    @Test func anonymousScopeNeedsKeys() throws {
        let command = "'\(try RunningServer.binary().path)' serve --port 0 --anonymous-scope infer 2>&1"
        let (output, status) = try shell(command)
        #expect(status != 0)
        #expect(output.contains("--anonymous-scope: needs --keys"), "\(output)")
    }
}
