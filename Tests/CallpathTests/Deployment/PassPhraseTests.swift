import Foundation
import Testing

/// Keys that need a pass phrase: nothing ever asks a terminal or a pipe for it.
@Suite(.timeLimit(.minutes(10)))
struct PassPhraseTests {
    private static let fixtures = repository.appendingPathComponent("Tests/HTTPServerTests/Fixtures").path
    private let folder: Folder

    init() throws {
        folder = try Folder()
    }

    /// Encrypts `name`'s key with the pass phrase `right`, and returns its path.
    private func encrypt(_ name: String, with command: String) throws -> String {
        let key = folder.path("\(name).key")
        let made = try shell("openssl \(command) -in '\(Self.fixtures)/\(name).key' -out '\(key)' 2>&1")
        #expect(made.status == 0, "\(made.output)")
        return key
    }

    /// Forms of an encrypted key: traditional, and PKCS#8 in its newer and its older encryption.
    private static let forms = [
        "ec -aes256 -passout pass:right", "pkcs8 -topk8 -passout pass:right",
        "pkcs8 -topk8 -v1 PBE-SHA1-3DES -passout pass:right",
    ]

    /// Runs `command` with standard input an open pipe as under a supervisor, which nobody writes to or closes.
    private func withOpenPipe(_ command: String) throws -> (output: String, status: Int32) {
        let pipe = folder.path("pipe")
        return try shell("rm -f '\(pipe)' && mkfifo '\(pipe)' && \(command) 2>&1 <> '\(pipe)'")
    }

    /// Starts a server that cannot start.
    private func start(_ options: String) throws -> (output: String, status: Int32) {
        let binary = try RunningServer.binary().path
        return try withOpenPipe("timeout 15 '\(binary)' serve --port 0 \(options)")
    }

    @Test(arguments: forms)
    func aKeyWithoutItsPassPhraseEndsTheStart(form: String) throws {
        let key = try encrypt("first", with: form)
        let (output, status) = try start("--tls-certificate '\(Self.fixtures)/first.pem' --tls-key '\(key)'")
        #expect(status != 0 && status != 124)
        #expect(output.contains("'\(key)' needs a pass phrase"), "\(output)")
        #expect(!output.contains("Enter"), "\(output)")
    }

    @Test func aFileWithCertificateAndEncryptedKeyNeedsItsPassPhraseToo() throws {
        let key = try encrypt("first", with: Self.forms[0])
        let both = folder.path("both.pem")
        #expect(try shell("cat '\(key)' '\(Self.fixtures)/first.pem' > '\(both)'").status == 0)
        #expect(try start("--tls-certificate '\(both)'").output.contains("'\(both)' needs a pass phrase"))
        let file = try folder.write("right\n", to: "password")
        let server = try RunningServer(arguments: ["--tls-certificate", both, "--tls-key-password-file", file])
        #expect(try answers(server))
    }

    private func answers(_ server: RunningServer) throws -> Bool {
        let url = "https://localhost:\(server.port)/livez"
        return try shell("curl -sS --cacert '\(Self.fixtures)/authority.pem' \(url)").output == #"{"status":"live"}"#
    }

    /// The first line without its end counts, however it ends and whatever follows.
    @Test(arguments: forms, ["right", "right\n", "right\r\n", "right\nwrong\n"])
    func takesThePassPhraseFromTheFirstLineOfAFile(form: String, content: String) throws {
        let key = try encrypt("first", with: form)
        let file = try folder.write(content, to: "password")
        let log = try LogFile()
        let files = ["--tls-certificate", "\(Self.fixtures)/first.pem", "--tls-key", key]
        let server = try RunningServer(arguments: files + ["--tls-key-password-file", file], log: log.handle)
        #expect(try answers(server))
        #expect(server.terminate() == 0)
        #expect(!log.text.contains("right"))
    }

    @Test(arguments: [
        ("wrong\n", "does not open the key in"), (" right\n", "does not open the key in"),
        ("\nright\n", "Its first line is empty"), ("", "Its first line is empty"),
        (String(repeating: "a", count: 2_000), "Its first line has more than 1023 bytes"),
    ])
    func aWrongPassPhraseIsAnError(content: String, words: String) throws {
        let key = try encrypt("first", with: Self.forms[0])
        let file = try folder.write(content, to: "password")
        let options =
            "--tls-certificate '\(Self.fixtures)/first.pem' --tls-key '\(key)' --tls-key-password-file '\(file)'"
        let (output, status) = try start(options)
        #expect(status != 0 && status != 124)
        #expect(output.contains(words) && output.contains(file), "\(output)")
        #expect(!output.contains("aaaa"))
        #expect(!words.contains("key") || output.contains(key))
    }

    @Test func aMissingPassPhraseFileIsAnError() throws {
        let key = try encrypt("first", with: Self.forms[0])
        let options =
            "--tls-certificate '\(Self.fixtures)/first.pem' --tls-key '\(key)' --tls-key-password-file /nowhere"
        #expect(try start(options).output.contains("--tls-key-password-file: cannot use '/nowhere': No such file"))
        #expect(try start("--tls-key-password-file /nowhere").output.contains("needs --tls-certificate"))
    }

    /// Whatever an operator puts in a key's place, the next signal works.
    @Test(arguments: ["encrypted", "pipe", "folder", "nothing"])
    func aReloadThatFailsLeavesTheOldPairAndTheNextSignalWorks(kind: String) throws {
        let (key, log) = (folder.path("server.key"), try LogFile())
        #expect(try shell("cp '\(Self.fixtures)/first.key' '\(key)'").status == 0)
        let server = try RunningServer(
            arguments: ["--tls-certificate", "\(Self.fixtures)/first.pem", "--tls-key", key],
            log: log.handle
        )
        let form = "openssl \(Self.forms[0]) -in '\(Self.fixtures)/first.key' -out '\(key)'"
        let command = ["encrypted": form, "pipe": "mkfifo '\(key)'", "folder": "mkdir '\(key)'"][kind] ?? "true"
        #expect(try shell("rm '\(key)'; \(command) 2>&1").status == 0)
        server.send(SIGHUP)
        try log.wait(for: "could not read the certificate again, what was read before stays in use: --tls-key: ")
        #expect(try answers(server))
        #expect(server.terminate() == 0)
    }

    @Test func readsThePassPhraseAgainAtAReload() throws {
        let (key, log) = (try encrypt("first", with: Self.forms[1]), try LogFile())
        let file = try folder.write("right\n", to: "password")
        let files = ["--tls-certificate", "\(Self.fixtures)/first.pem", "--tls-key", key]
        let server = try RunningServer(arguments: files + ["--tls-key-password-file", file], log: log.handle)
        let other = try encrypt("first", with: "ec -aes256 -passout pass:other")
        #expect(other == key)
        try folder.write("other\n", to: "password")
        server.send(SIGHUP)
        try log.wait(for: "read the certificate again")
        #expect(try answers(server))
    }

    @Test func theHealthCommandRefusesAnEncryptedKey() throws {
        let key = try encrypt("client", with: Self.forms[0])
        let both = folder.path("both.pem")
        #expect(try shell("cat '\(key)' '\(Self.fixtures)/client.pem' > '\(both)'").status == 0)
        let asked = ["--tls-client-auth", "required", "--tls-client-ca", "\(Self.fixtures)/authority.pem"]
        let identity = ["--tls-certificate", "\(Self.fixtures)/first.pem", "--tls-key", "\(Self.fixtures)/first.key"]
        let server = try RunningServer(arguments: identity + asked)
        let binary = try RunningServer.binary().path
        let probe = "timeout 15 '\(binary)' health --port \(server.port) --client-certificate '\(both)'"
        let (output, status) = try withOpenPipe(probe)
        #expect(status != 0 && status != 124)
        #expect(output.contains("needs a pass phrase"), "\(output)")
        for words in ["list", "call fc '[1]'", "save fc '\(folder.path("fc.safetensors"))'"] {
            let url = "--url https://localhost:\(server.port) --authorities '\(Self.fixtures)/first.pem'"
            let command = "timeout 15 '\(binary)' \(words) \(url) --client-certificate '\(both)'"
            let (output, status) = try withOpenPipe(command)
            #expect(status != 0 && status != 124)
            #expect(output.contains("needs a pass phrase"), "\(output)")
        }
    }
}
