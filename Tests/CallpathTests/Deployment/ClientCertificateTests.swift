import Foundation
import Testing

/// Servers that ask their clients for a certificate, and say what became of it.
@Suite(.timeLimit(.minutes(10)))
struct ClientCertificateTests {
    private static let fixtures = repository.appendingPathComponent("Tests/HTTPServerTests/Fixtures").path
    private static let identity = ["--tls-certificate", "\(fixtures)/first.pem", "--tls-key", "\(fixtures)/first.key"]

    @Test(arguments: [
        ("", "peer did not return a certificate"), ("stranger", "the client's certificate: "),
        ("second", "the client's certificate: unsuitable certificate purpose"),
    ])
    func theLogSaysWhyAHandshakeWasRefused(shown: String, reason: String) throws {
        let log = try LogFile()
        let asked = ["--tls-client-auth", "required", "--tls-client-ca", "\(Self.fixtures)/authority.pem"]
        let server = try RunningServer(arguments: Self.identity + asked, log: log.handle)
        let certificate =
            shown.isEmpty ? "" : "--cert '\(Self.fixtures)/\(shown).pem' --key '\(Self.fixtures)/\(shown).key'"
        _ = try shell(
            "curl -s --cacert '\(Self.fixtures)/authority.pem' \(certificate) https://localhost:\(server.port)/"
        )
        let text = try log.wait(for: "refused a TLS handshake")
        #expect(text.contains("peer=127.0.0.1") && text.contains(reason), "\(text)")
    }

    @Test(arguments: [
        ("", "the server asks for a client certificate (--client-certificate)"),
        ("stranger", "the server refuses the TLS connection: "), ("nowhere", "does not hold a certificate and its key"),
    ])
    func theHealthCommandSaysWhatTheServerWants(shown: String, words: String) throws {
        let folder = try Folder()
        let both = folder.path("both.pem")
        _ = try shell("cat '\(Self.fixtures)/\(shown).pem' '\(Self.fixtures)/\(shown).key' > '\(both)' 2> /dev/null")
        let asked = ["--tls-client-auth", "required", "--tls-client-ca", "\(Self.fixtures)/authority.pem"]
        let server = try RunningServer(arguments: Self.identity + asked)
        let option = shown.isEmpty ? "" : "--client-certificate '\(both)'"
        let (output, status) = try shell("'\(RunningServer.binary().path)' health --port \(server.port) \(option) 2>&1")
        #expect(status != 0)
        #expect(output.contains(words), "\(output)")
    }

    /// The log and the health command both say it.
    @Test func aClientWhoseCertificateHasExpiredIsToldSo() throws {
        let (folder, log) = (try Folder(), try LogFile())
        let made = try shell(
            """
            cd '\(folder.path("."))' && kind='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'
            openssl req -x509 $kind -days 9 -subj /CN=own -keyout own.key -out own.pem 2>&1 &&
            openssl req $kind -subj /CN=late -keyout late.key -out late.csr 2>&1 &&
            echo extendedKeyUsage=clientAuth > late.ext &&
            openssl x509 -req -in late.csr -CA own.pem -CAkey own.key -CAcreateserial -days -1 -extfile late.ext \
                -out late.pem 2>&1 && cat late.pem late.key > both.pem
            """
        )
        #expect(made.status == 0, "\(made.output)")
        let asked = ["--tls-client-auth", "required", "--tls-client-ca", folder.path("own.pem")]
        let server = try RunningServer(arguments: Self.identity + asked, log: log.handle)
        let health = "'\(try RunningServer.binary().path)' health --port \(server.port)"
        let (output, status) = try shell("\(health) --client-certificate '\(folder.path("both.pem"))' 2>&1")
        #expect(status != 0)
        #expect(output.contains("the server refuses the TLS connection: ") && output.contains("expired"), "\(output)")
        try log.wait(for: "the client's certificate: certificate has expired")
    }

    /// In the words of `health`.
    @Test(arguments: ["list", "call fc 1", "save fc /dev/null"])
    func commandsSayThatACertificateIsWanted(words: String) throws {
        let authority = "\(Self.fixtures)/authority.pem"
        let server = try RunningServer(
            arguments: Self.identity + ["--tls-client-auth", "required", "--tls-client-ca", authority]
        )
        let url = "https://localhost:\(server.port)"
        let options = "--url \(url) --authorities '\(authority)'"
        let (output, status) = try shell("'\(RunningServer.binary().path)' \(words) \(options) 2>&1")
        #expect(
            (output, status) == ("Error: \(url): the server asks for a client certificate (--client-certificate)\n", 1)
        )
    }

    /// Whoever is told a port alone finds out what it speaks, and that is nothing to tell the operator each time.
    @Test(arguments: [("info", false), ("debug", true)])
    func healthFindsOutThatAPortSpeaksTLSWithoutALine(level: String, isWritten: Bool) throws {
        let log = try LogFile()
        let server = try RunningServer(arguments: Self.identity + ["--log-level", level], log: log.handle)
        let command = "'\(try RunningServer.binary().path)' health --port \(server.port)"
        #expect(try shell("\(command) && \(command) --ready").status == 0)
        #expect(server.terminate() == 0)
        let line = "callpath.access: refused peer=127.0.0.1 reason=https_required status=400"
        #expect(
            log.text.contains("callpath.access") == isWritten && log.text.contains(line) == isWritten,
            "\(log.text)"
        )
    }

    /// Connections that are kept alive end with the authority that let them in, those of others stay.
    @Test func aClientWhoseAuthorityIsGoneIsCutOff() throws {
        let (folder, log) = (try Folder(), try LogFile())
        let authorities = try ["authority", "stranger"].map {
            try String(contentsOfFile: "\(Self.fixtures)/\($0).pem", encoding: .utf8)
        }
        let file = try folder.write(authorities.joined(), to: "clients.pem")
        let asked = ["--tls-client-auth", "required", "--tls-client-ca", file]
        let server = try RunningServer(arguments: Self.identity + asked + ["--log-level", "debug"], log: log.handle)
        func stream(_ name: String) throws -> Job {
            let certificate = "-cert '\(Self.fixtures)/\(name).pem' -key '\(Self.fixtures)/\(name).key' -quiet"
            let pipe = folder.path("\(name).pipe")
            let ask = #"printf 'GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n' >&3"#
            let client = "timeout 20 openssl s_client -connect localhost:\(server.port) \(certificate) 2>&1 <&3"
            return try Job("mkfifo '\(pipe)' && exec 3<>'\(pipe)' && \(ask); \(client); echo \"status $?\"")
        }
        let lost = try stream("client")
        try log.wait(for: "client=worker@callpath.test")
        try folder.write(authorities[1], to: "clients.pem")
        server.send(SIGHUP)
        try log.wait(for: "read the certificate again")
        let output = lost.wait()
        #expect(output.contains("200 OK") && output.contains("status") && !output.contains("status 124"), "\(output)")
        #expect(server.terminate() == 0)
    }

    /// The authorities of clients and the pass phrase of the key are looked at too, and no signal comes.
    @Test func otherFilesAreLookedAtToo() throws {
        let (folder, log) = (try Folder(), try LogFile())
        let (authority, key) = (folder.path("clients.pem"), folder.path("tls.key"))
        let password = try folder.write("right", to: "password")
        func encrypt(_ word: String) throws {
            let form = "ec -aes256 -passout pass:\(word) -in '\(Self.fixtures)/first.key' -out '\(key).new'"
            #expect(try shell("openssl \(form) 2>/dev/null && mv '\(key).new' '\(key)'").status == 0)
        }
        func trust(_ name: String) throws {
            let swap = "cp '\(Self.fixtures)/\(name).pem' '\(authority).new' && mv '\(authority).new' '\(authority)'"
            #expect(try shell(swap).status == 0)
        }
        try encrypt("right")
        try trust("stranger")
        let files = [
            "--tls-certificate", "\(Self.fixtures)/first.pem", "--tls-key", key, "--tls-key-password-file", password,
        ]
        let asked = ["--tls-client-auth", "required", "--tls-client-ca", authority]
        let server = try RunningServer(arguments: files + asked, log: log.handle)
        let client = "--cert '\(Self.fixtures)/client.pem' --key '\(Self.fixtures)/client.key'"
        let ask = "curl -s -o /dev/null -w '%{http_code}' --cacert '\(Self.fixtures)/authority.pem' \(client)"
        func status() throws -> String { try shell("\(ask) https://localhost:\(server.port)/livez").output }
        #expect(try status() == "000")
        try trust("authority")
        try log.wait(for: "read the certificate again")
        #expect(try status() == "200")
        try encrypt("new")
        try log.wait(for: "could not read the certificate again")
        #expect(try status() == "200")
        try folder.write("new", to: "password")
        try log.wait(for: "read the certificate again", times: 3)
        #expect(try status() == "200")
    }

    /// Certificates come by a symbolic link that is swapped, as in Kubernetes' volumes, and no signal.
    @Test func filesAreLookedAtThroughLinks() throws {
        let (folder, log) = (try Folder(), try LogFile())
        let (link, chain, key) = (folder.path("..data"), folder.path("..data/tls.crt"), folder.path("..data/tls.key"))
        func install(_ name: String, in version: String) throws {
            let path = folder.path(version)
            let copy = ["pem": "tls.crt", "key": "tls.key"].map {
                "cp '\(Self.fixtures)/\(name).\($0)' '\(path)/\($1)'"
            }
            let swap = "ln -s '\(path)' '\(link).new' && mv -T '\(link).new' '\(link)'"
            #expect(try shell("mkdir '\(path)' && \(copy.joined(separator: " && ")) && \(swap)").status == 0)
        }
        try install("first", in: "..1")
        let server = try RunningServer(arguments: ["--tls-certificate", chain, "--tls-key", key], log: log.handle)
        try install("second", in: "..2")
        try log.wait(for: "read the certificate again")
        let client = "openssl s_client -connect localhost:\(server.port) -CAfile '\(Self.fixtures)/authority.pem'"
        #expect(try shell("true | \(client) 2>&1").output.contains("CN = second"))
        // A file that does not fit keeps what is there, and is told of once.
        #expect(try shell("cp '\(Self.fixtures)/first.key' '\(key)'").status == 0)
        try log.wait(for: "could not read the certificate again")
        #expect(try shell("cp '\(Self.fixtures)/first.pem' '\(chain)'").status == 0)
        let text = try log.wait(for: "read the certificate again", times: 3)
        #expect(text.components(separatedBy: "could not read").count == 2, "\(text)")
        #expect(try shell("true | \(client) 2>&1").output.contains("CN = first"))
    }
}
