import Foundation
import JSON
import Testing
import Yams

/// The examples in `deploy/` name options and metrics that there are.
@Suite(.timeLimit(.minutes(1)))
struct DeployTests {
    private static let folder = repository.appendingPathComponent("deploy")

    @Test(arguments: ["deploy/kubernetes.yaml", "deploy/compose.yaml", "Dockerfile"])
    func namesVariablesThatTheBinaryReads(file: String) throws {
        let text = try String(contentsOf: repository.appendingPathComponent(file), encoding: .utf8)
        let binary = try RunningServer.binary().path
        let options = try shell("'\(binary)' serve --print-options").output
        for match in text.matches(of: /CALLPATH_[A-Z_]+/) {
            #expect(options.contains("`\(match.output)`"), "\(match.output)")
        }
    }

    @Test func kubernetesStartsTheBinaryWithOptionsThatItTakes() throws {
        let text = try String(contentsOf: Self.folder.appendingPathComponent("kubernetes.yaml"), encoding: .utf8)
        let documents = try Array(Yams.load_all(yaml: text))
        #expect(documents.count == 3)
        let binary = try RunningServer.binary().path
        let variables = text.matches(of: /name: (CALLPATH_[A-Z_]+), value: ([^}]+)\}/).map { "\($0.1)=\($0.2)" }
        #expect(!variables.isEmpty)
        let command = "env \(variables.joined(separator: " ")) '\(binary)' serve --print-config"
        #expect(try shell(command).status == 0)
    }

    @Test func grafanaAsksForMetricsThatThereAre() throws {
        let dashboard = try Data(contentsOf: Self.folder.appendingPathComponent("grafana/callpath.json"))
        #expect(try JSONValue(parsing: Array(dashboard))["title"]?.asString == "Callpath")
        let server = try RunningServer()
        let metrics = try Client(port: server.port).send("GET", "/metrics").text
        let text = String(decoding: dashboard, as: UTF8.self)
        for match in text.matches(of: /(?:callpath|process)_[a-z_]+/) {
            let name = String(match.output).replacing(/_bucket$/, with: "")
            #expect(metrics.contains("# TYPE \(name) "), "\(name)")
        }
    }
}
