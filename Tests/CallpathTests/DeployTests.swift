import Foundation
import JSON
import Testing
import Yams

/// The examples in `deploy/` name options, paths and metrics that there are, and fit together.
@Suite(.timeLimit(.minutes(10)))
struct DeployTests {
    private static func text(_ path: String) throws -> String {
        try String(contentsOf: repository.appendingPathComponent(path), encoding: .utf8)
    }

    private static func kubernetes() throws -> [String: Node] {
        let documents = try Array(Yams.compose_all(yaml: text("deploy/kubernetes.yaml")))
        return Dictionary(uniqueKeysWithValues: documents.map { ($0["kind"]?.string ?? "", $0) })
    }

    private static func pod() throws -> Node { try #require(kubernetes()["Deployment"]?["spec"]?["template"]?["spec"]) }

    private static func container() throws -> Node { try #require(pod()["containers"]?[0]) }

    private static func compose() throws -> Node {
        try #require(Yams.compose(yaml: text("deploy/compose.yaml"))?["services"]?["callpath"])
    }

    /// What `--print-config` says of the words and variables that a platform would start the binary with.
    private static func configuration(_ words: Node?, _ variables: [String: String]) throws -> [String: String] {
        let words = words?.array(of: String.self).map { "'\($0)'" }.joined(separator: " ") ?? ""
        let command = "'\(try RunningServer.binary().path)' \(words) --print-config"
        let (output, status) = try shell(command, environment: variables)
        #expect(status == 0)
        return Dictionary(
            uniqueKeysWithValues: output.split(separator: "\n").compactMap { line in
                line.firstRange(of: " = ").map { ("\(line[..<$0.lowerBound])", "\(line[$0.upperBound...])") }
            }
        )
    }

    private static func kubernetesConfiguration() throws -> [String: String] {
        let pairs = try #require(container()["env"]?.array()).map {
            ($0["name"]?.string ?? "", $0["value"]?.string ?? "")
        }
        return try configuration(container()["args"], Dictionary(uniqueKeysWithValues: pairs))
    }

    private static func seconds(_ text: String?) throws -> Int {
        try #require(text.flatMap { $0.hasSuffix("s") ? Int($0.dropLast()) : nil })
    }

    @Test(arguments: ["deploy/kubernetes.yaml", "deploy/compose.yaml", "deploy/callpath.service", "Dockerfile"])
    func namesVariablesThatTheBinaryReads(file: String) throws {
        let options = try shell("'\(try RunningServer.binary().path)' serve --print-options").output
        for match in try Self.text(file).matches(of: /CALLPATH_[A-Z_]+/) {
            #expect(options.contains("`\(match.output)`"), "\(match.output)")
        }
    }

    @Test func kubernetesGivesThePodTimeToEnd() throws {
        let options = try Self.kubernetesConfiguration()
        let sleep = try #require(Self.container()["lifecycle"]?["preStop"]?["sleep"]?["seconds"]?.int)
        let needed = try sleep + Self.seconds(options["drain-delay"]) + Self.seconds(options["shutdown-grace"])
        #expect(try #require(Self.pod()["terminationGracePeriodSeconds"]?.int) > needed)
    }

    @Test func composeGivesTheContainerTimeToEnd() throws {
        let service = try Self.compose()
        let variables = try #require(service["environment"]?.mapping).map {
            ($0.key.string ?? "", $0.value.string ?? "")
        }
        let options = try Self.configuration(service["command"], Dictionary(uniqueKeysWithValues: variables))
        let needed = try Self.seconds(options["drain-delay"]) + Self.seconds(options["shutdown-grace"])
        #expect(try Self.seconds(service["stop_grace_period"]?.string) > needed)
        #expect(service["read_only"]?.bool == true)
        #expect(service["cap_drop"]?[0]?.string == "ALL")
    }

    @Test(arguments: ["startupProbe", "readinessProbe", "livenessProbe"])
    func probesPathsThatAnswer(probe: String) throws {
        let container = try Self.container()
        let get = try #require(container[probe]?["httpGet"])
        #expect(get["port"]?.string == container["ports"]?[0]?["name"]?.string)
        let server = try RunningServer()
        #expect(try Client(port: server.port).send("GET", #require(get["path"]?.string)).status == 200)
    }

    @Test func kubernetesLetsThePodDoNoMoreThanItMust() throws {
        let (pod, container) = (try Self.pod(), try Self.container())
        #expect(pod["enableServiceLinks"]?.bool == false)
        #expect(pod["securityContext"]?["runAsNonRoot"]?.bool == true)
        #expect(container["securityContext"]?["readOnlyRootFilesystem"]?.bool == true)
        #expect(container["securityContext"]?["allowPrivilegeEscalation"]?.bool == false)
        #expect(container["resources"]?["limits"]?["memory"] != nil)
        #expect(container["resources"]?["requests"]?["cpu"] != nil)
        let user = try #require(pod["securityContext"]?["runAsUser"]?.int)
        #expect(try Self.text("Dockerfile").contains("\nUSER \(user):\(user)\n"))
    }

    @Test func kubernetesMountsWhatTheOptionsName() throws {
        let options = try Self.kubernetesConfiguration()
        let mounts = try #require(Self.container()["volumeMounts"]?.array()).compactMap { $0["mountPath"]?.string }
        #expect(options["models"].map(mounts.contains) == true)
        #expect(mounts.contains { options["keys"]?.hasPrefix($0 + "/") == true })
    }

    /// What compose and Kubernetes mount is there, and is served.
    @Test func mountsAModelThatIsServed() throws {
        let folder = repository.appendingPathComponent("deploy/models")
        #expect(try Self.compose()["volumes"]?[0]?.string == "./models:/models:ro")
        let map = try #require(Self.kubernetes()["ConfigMap"])
        let volume = try #require(Self.pod()["volumes"]?.array().first { $0["name"]?.string == "models" })
        #expect(volume["configMap"]?["name"]?.string == map["metadata"]?["name"]?.string)
        let text = try #require(map["binaryData"]?["fc.safetensors"]?.string).filter { !$0.isWhitespace }
        #expect(try Data(base64Encoded: text) == Data(contentsOf: folder.appendingPathComponent("fc.safetensors")))
        let server = try RunningServer(arguments: ["--models", folder.path])
        let answer = try Client(port: server.port).json("POST", "/v1/modules/fc/call", #"{"input": [1, 2, 3, 4]}"#)
        #expect(answer.text.contains(#""output":[30.0261,40.1404,49.7643]"#), "\(answer.text)")
    }

    /// What somebody who comes to it first has to be told, each with the page that tells it.
    @Test(arguments: [
        ("README.md", ["It runs on Linux", "Swift 6.2", "https://www.swift.org/install", "minutes on two cores"]),
        ("README.md", ["apt-get install curl jq", "gone\nafter a restart", "docs/own-modules.md", "docs/layers.md"]),
        ("README.md", [#"branch: "main""#, "--keys", "Authorization: Bearer"]),
        ("docs/recipes.md", ["NAME.safetensors", "NAME.json", "state_dict"]),
        ("docs/guide.md", ["NAME.safetensors"]),
        (
            "deploy/nginx.conf",
            ["proxy_buffering off", "--trusted-proxies", "--allowed-hosts", "Authorization", "X-Forwarded-For"]
        ),
        ("deploy/callpath.service", ["LoadCredential=keys:", "ExecReload=/bin/kill -HUP", "TimeoutStopSec="]),
        (".github/CONTRIBUTING.md", ["exact"]),
    ])
    func pagesSayWhatOneNeedsFirst(page: String, words: [String]) throws {
        let text = try Self.text(page)
        for word in words { #expect(text.contains(word), "\(page): \(word)") }
    }

    @Test func theReadmeAsksForABranchUntilThereIsATag() throws {
        let readme = try Self.text("README.md")
        #expect(!readme.contains(#"from: "0"#), "no tag resolves it")
        let packages = try Self.text("Package.swift").matches(of: /\.package\((?!path:)[^\n]*/).map(\.output)
        #expect(packages.count >= 4)
        for package in packages { #expect(package.contains(/, exact: "\d+\.\d+\.\d+"/), "\(package)") }
        let swift = try #require(Self.text("Package.swift").firstMatch(of: /swift-tools-version: (\S+)/)).output.1
        #expect(readme.contains("Swift \(swift)"))
    }

    @Test func kubernetesPullsNoImageThatIsThere() throws {
        #expect(try Self.container()["imagePullPolicy"]?.string == "IfNotPresent")
    }

    @Test func systemdStartsTheBinaryAndGivesItTimeToEnd() throws {
        let unit = try Self.text("deploy/callpath.service")
        let words = try #require(unit.firstMatch(of: /\nExecStart=\S+ ([^\n]*)/)).output.1
        let (folder, binary) = (try Folder(), try RunningServer.binary().path)
        let file = try folder.write("", to: "callpath.conf")
        let command = "'\(binary)' \(words.replacing("/etc/callpath/callpath.conf", with: file)) --print-config"
        let (output, status) = try shell(command)
        #expect(status == 0)
        let grace = try #require(output.firstMatch(of: /shutdown-grace = (\S+)/)).output.1
        let timeout = try #require(unit.firstMatch(of: /\nTimeoutStopSec=(\d+)\n/)).output.1
        #expect(try #require(Int(timeout)) > Self.seconds(String(grace)))
    }

    @Test func kubernetesObjectsMeanTheSamePods() throws {
        let objects = try Self.kubernetes()
        let deployment = try #require(objects["Deployment"]?["spec"])
        let labels = deployment["template"]?["metadata"]?["labels"]
        let budget = try #require(objects["PodDisruptionBudget"]?["spec"])
        #expect(deployment["selector"]?["matchLabels"] == labels)
        #expect(objects["Service"]?["spec"]?["selector"] == labels)
        #expect(budget["selector"]?["matchLabels"] == labels)
        #expect(try #require(budget["minAvailable"]?.int) < #require(deployment["replicas"]?.int))
        let port = try #require(Self.container()["ports"]?[0])
        #expect(objects["Service"]?["spec"]?["ports"]?[0]?["targetPort"]?.string == port["name"]?.string)
        let annotations = deployment["template"]?["metadata"]?["annotations"]
        #expect(annotations?["prometheus.io/port"]?.string == port["containerPort"]?.string)
        #expect(try Self.text("Dockerfile").contains("\nEXPOSE \(port["containerPort"]?.string ?? "")\n"))
    }

    @Test func grafanaAsksForMetricsThatThereAre() throws {
        let dashboard = try Self.text("deploy/grafana/callpath.json")
        #expect(try JSONValue(parsing: Array(dashboard.utf8))["title"]?.asString == "Callpath")
        let server = try RunningServer()
        let metrics = try Client(port: server.port).send("GET", "/metrics").text
        for match in dashboard.matches(of: /(?:callpath|process)_[a-z_]+/) {
            let name = String(match.output).replacing(/_bucket$/, with: "")
            #expect(metrics.contains("# TYPE \(name) "), "\(name)")
        }
    }
}
