import Foundation
import Testing

/// How the process ends: when it is asked to, whatever it is at, and never for a signal that means something else.
@Suite(.timeLimit(.minutes(10)))
struct EndTests {
    /// Runs `callpath serve` with `options`, lets bash do `body` with its process as `$server`, and returns what it logged
    /// and printed, and its status; `before` runs first.
    private func run(
        _ options: String,
        _ body: String,
        before: String = ""
    ) throws -> (output: String, status: Int32) {
        let folder = try Folder()
        let (log, port) = (folder.path("log"), folder.path("port"))
        return try shell(
            """
            touch '\(log)'
            \(before)
            '\(try RunningServer.binary().path)' serve --port 0 --port-file '\(port)' \(options) > '\(log)' 2>&1 & server=$!
            said() { for i in {1..6000}; do grep -q -- "$1" '\(log)' && return; sleep 0.01; done; return 1; }
            ready() { said 'is ready'; port=$(cat '\(port)'); }
            \(body)
            wait $server; status=$?
            cat '\(log)'; exit $status
            """
        )
    }

    @Test(arguments: ["USR1", "USR2"])
    func ignoresWhatLogRotationSends(signal: String) throws {
        let (output, status) = try run(
            "--log-level debug",
            "ready; kill -\(signal) $server; said 'ignored signal'; curl -s localhost:$port/livez; kill -TERM $server"
        )
        #expect(status == 0)
        #expect(output.contains("ignored signal"), "\(output)")
    }

    /// While models load, with half a request, and while it drains.
    @Test(arguments: ["USR1", "USR2"])
    func ignoresThemWhateverItIsAt(signal: String) throws {
        let models = try Folder()
        try Self.writeModels(1_000, to: models)
        let half = #"printf 'POST /v1/modules HTTP/1.1\r\nHost: a\r\nContent-Length: 18\r\n\r\n{"type":' >&3"#
        let (output, status) = try run(
            "--log-level debug --drain-delay 600s --max-modules 5000 --models '\(models.path(""))'",
            """
            said 'loading model 2 of'; kill -\(signal) $server; ready
            exec 3<>/dev/tcp/127.0.0.1/$port; \(half); kill -\(signal) $server
            kill -TERM $server; said draining; kill -\(signal) $server
            curl -s localhost:$port/livez; kill -TERM $server
            """
        )
        #expect(status == 0, "\(output.suffix(2_000))")
        let words = ["ignored signal", "loading model 1000 of", "is ready", "draining", #""status":"live""#]
        for word in words { #expect(output.contains(word), "\(word): \(output.suffix(2_000))") }
    }

    /// From the first instruction of its own on, in every command: here one that waits for an answer.
    @Test(arguments: ["SIGUSR1", "SIGUSR2"])
    func ignoresThemBeforeItServes(signal: String) throws {
        let folder = try Folder()
        let script = """
            import signal, socket, subprocess
            server = socket.create_server(("127.0.0.1", 0))
            command = ["\(try RunningServer.binary().path)", "health", "--timeout", "30", "--host", "127.0.0.1"]
            probe = subprocess.Popen(command + ["--port", str(server.getsockname()[1])])
            client = server.accept()[0]
            probe.send_signal(signal.\(signal))
            client.recv(1000)
            client.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n")
            print("ended with", probe.wait())
            """
        let file = try folder.write(script, to: "probe.py")
        #expect(try shell("python3 '\(file)'").output.hasSuffix("ended with 0\n"))
    }

    @Test(arguments: ["TERM", "INT"], ["TERM", "INT"])
    func theSecondSignalEndsADrainDelay(first: String, second: String) throws {
        let body = "ready; kill -\(first) $server; said draining; kill -\(second) $server"
        let (output, status) = try run("--drain-delay 600s", body)
        #expect(status == 0)
        #expect(!output.contains("did not finish"), "\(output)")
    }

    @Test func theSecondSignalSaysHowManyRequestsItCutOff() throws {
        let half = #"printf 'POST /v1/modules HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{' >&3"#
        let body = """
            ready; exec 3<>/dev/tcp/127.0.0.1/$port; \(half); sleep 0.3
            kill -TERM $server; said draining; kill -TERM $server
            """
        let (output, status) = try run("--drain-delay 600s --body-idle-timeout 600s --body-timeout 600s", body)
        #expect(status == 0)
        #expect(output.contains("1 request did not finish before a second signal"), "\(output)")
    }

    /// The keys come from a pipe that nobody writes to: as far as a start can be from its end.
    @Test(arguments: ["TERM", "INT"])
    func aSignalEndsAStartThatWaits(signal: String) throws {
        let folder = try Folder()
        let (output, status) = try run(
            "--log-level debug --shutdown-grace 900s --keys '\(folder.path("keys"))'",
            "said 'computing with'; kill -\(signal) $server",
            before: "mkfifo '\(folder.path("keys"))'"
        )
        #expect(status == 0, "\(output)")
        #expect(!output.contains("is ready"), "\(output)")
    }

    /// A load over HTTP is a request: it is answered if it ends within the grace period, and cut off if not.
    @Test(arguments: ["TERM", "INT"], ["0s", "900s"])
    func aSignalEndsALoadOverHTTP(signal: String, grace: String) throws {
        let models = try Folder()
        let header = #"{"weight":{"dtype":"F32","shape":[2048,2048],"data_offsets":[0,16777216]}}"#
        let file = models.path("big.safetensors")
        let sizes = "truncate -s \(8 + header.utf8.count + 16_777_216)"
        let length = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) {
            $0.map { "\\x" + String($0, radix: 16) }
        }
        let (output, status) = try run(
            "--models '\(models.path(""))' --shutdown-grace \(grace) --loops 1",
            """
            ready
            for i in {1..3}; do
                curl -s -o /dev/null -w 'load %{http_code}\\n' -X POST localhost:$port/v2/repository/models/big/load &
                loads="$loads $!"
            done
            # It answers others meanwhile.
            until curl -s localhost:$port/metrics | grep -q 'callpath_connections{state="answering"} [1-9]' || ! kill -0 $loads; do :; done
            kill -\(signal) $server; wait $loads
            """,
            before: "printf '\(length.joined())\(header)' > '\(file)'; \(sizes) '\(file)'"
        )
        #expect(status == 0, "\(output)")
        // Without grace the last resort may end the process before its log is written.
        guard grace == "900s" else { return }
        #expect(output.contains("draining"), "\(output)")
        // One that came behind the signal is refused.
        #expect(output.contains("load 200"), "\(output)")
    }

    /// Modules of seconds on all processors, and more that wait: a small one is made meanwhile, and a signal is heard at once.
    @Test(arguments: ["", "kill -TERM $server"])
    func aSignalEndsAServerThatBuildsModules(second: String) throws {
        let large = #"{"type": "Linear", "in_features": 8000, "out_features": 8000}"#
        let grace = second.isEmpty ? "0s" : "900s"
        let (output, status) = try run(
            "--max-bytes 16GiB --shutdown-grace \(grace) --drain-delay \(second.isEmpty ? "5s" : "900s")",
            """
            ready
            code() { curl -s -o /dev/null -w "$1 %{http_code}\\n" "${@:2}"; }
            for i in {1..12}; do code large localhost:$port/v1/modules --json '\(large)' & creates="$creates $!"; done
            until curl -s localhost:$port/metrics | grep -qE 'state="answering"} ([3-9]|1[0-9])'; do kill -0 $server || break; done
            code small localhost:$port/v1/modules --json '{"type": "ReLU"}'
            kill -TERM $server; said draining; code ready localhost:$port/readyz; \(second)
            wait $creates
            """
        )
        #expect(status == 0, "\(output)")
        #expect(output.contains("small 201") && output.contains("ready 503"), "\(output)")
        #expect(output.contains("did not finish") && output.contains("large 000"), "\(output)")
    }

    private static func writeModels(_ count: Int, to folder: Folder) throws {
        let header = #"{"weight":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]}}"#
        let file =
            withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Data($0) } + Data(header.utf8)
            + Data(count: 4)
        for index in 1...count { try file.write(to: folder.url("m\(index).safetensors")) }
    }

    @Test(arguments: ["TERM", "INT"])
    func aSignalEndsTheLoadingOfModels(signal: String) throws {
        let models = try Folder()
        try Self.writeModels(3_000, to: models)
        let (output, status) = try run(
            "--models '\(models.path(""))' --max-modules 5000 --drain-delay 600s",
            "said 'loading model 2 of'; kill -\(signal) $server"
        )
        #expect(status == 0, "\(output.suffix(2_000))")
        #expect(output.contains("draining"))
        #expect(!output.contains("is ready") && !output.contains("loading model 3000 of"), "\(output.suffix(2_000))")
    }
}
