import Foundation
import Testing

/// What the process promises to whoever starts it.
@Suite(.timeLimit(.minutes(10)))
struct ProcessTests {
    @Test func idlesUnderThirtyMegabytes() throws {
        let server = try RunningServer()
        #expect(try Client(port: server.port).json("GET", "/livez").status == 200)
        #expect(try server.residentBytes() < 30_000_000)
    }

    @Test func endsCleanlyOnSIGTERM() throws {
        let server = try RunningServer()
        #expect(server.terminate() == 0)
    }

    @Test func losesNoSignalThatComesWithItsFirstLine() throws {
        for _ in 0..<20 {
            #expect(try RunningServer().terminate() == 0)
        }
    }

    @Test func readsNothingAgainOnItsWayOut() throws {
        let binary = try RunningServer.binary().path
        let file = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        defer { for suffix in ["", ".err"] { try? FileManager.default.removeItem(atPath: file + suffix) } }
        let command = """
            '\(binary)' serve --port 0 --port-file '\(file)' > /dev/null 2> '\(file).err' &
            until [ -s '\(file)' ] || ! kill -0 $!; do sleep 0.05; done
            kill $!; wait $!; cat '\(file).err'
            """
        let (output, status) = try shell(command)
        #expect(status == 0)
        #expect(output.contains("draining"))
        #expect(!output.contains("again"), "\(output)")
    }

    @Test func writesItsPortDown() throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: file) }
        let server = try RunningServer(arguments: ["--port-file", file.path])
        let written = try String(contentsOf: file, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
        #expect(written == "\(server.port)")
    }

    @Test func answersTheHealthCommand() throws {
        let server = try RunningServer()
        let binary = try RunningServer.binary().path
        #expect(try shell("'\(binary)' health --port \(server.port)").status == 0)
        let port = server.port
        #expect(server.terminate() == 0)
        #expect(try shell("'\(binary)' health --port \(port) 2>/dev/null").status != 0)
    }

    @Test(arguments: [
        ("--port", "70000"), ("--port", "-1"), ("--port", "http"), ("--host", "not an address"),
    ])
    func refusesABadOptionByName(option: String, value: String) throws {
        let binary = try RunningServer.binary().path
        let (output, status) = try shell("'\(binary)' serve \(option)='\(value)' 2>&1")
        #expect(status != 0)
        #expect(output.contains(option))
    }
}
