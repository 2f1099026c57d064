import Foundation
import Testing

/// The worked examples run, and find what their text says they find.
@Suite(.timeLimit(.minutes(10)))
struct ExampleTests {
    @Test(arguments: ["look-inside", "watch-attention"]) func findsWhatItsPageSays(example: String) throws {
        let server = try RunningServer()
        let (output, status) = try shell("python3 Examples/\(example).py http://\(server.address)")
        #expect(status == 0)
        let page = repository.appendingPathComponent("Examples/\(example).md")
        #expect(
            try String(contentsOf: page, encoding: .utf8).contains(output),
            "Examples/\(example).md shows another output than this:\n\(output)"
        )
    }
}

/// The command that the README opens with.
@Suite(.timeLimit(.minutes(10)))
struct ServerScriptTests {
    @Test func buildsAndServes() throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: file) }
        let command = """
            script/server --port 0 --port-file '\(file.path)' > '\(file.path).out' 2> '\(file.path).err' &
            server=$!
            trap 'kill $server' EXIT
            until [ -s '\(file.path)' ] || ! kill -0 $server; do sleep 0.1; done
            curl -s "localhost:$(cat '\(file.path)')/v1/modules" -H 'Content-Type: application/json' \
                -d '{"name": "fc", "type": "Linear", "in_features": 4, "out_features": 3, "seed": 0}' | jq -r .repr
            cat '\(file.path).out'
            """
        let (output, status) = try shell(command)
        #expect(status == 0)
        #expect(output.hasPrefix("Linear(in_features=4, out_features=3, bias=True)\n"))
        #expect(output.contains("curl -s localhost:8080/v1/modules"))
    }
}
