import COpenSSL
import Glibc

@testable import HTTPServer

/// A blocking TLS client that trusts the fixtures' authority only.
final class TLSClient {
    struct Failure: Error {
        let reason: String
    }

    private let context: OpaquePointer
    private let session: OpaquePointer
    let plain: RawClient
    private(set) var received: [UInt8] = []
    /// Whether the server has said good-bye, rather than vanish.
    private(set) var sawCloseNotify = false

    init(
        port: Int,
        identity: String? = nil,
        version: Int32 = TLS1_3_VERSION,
        protocols: [String] = [],
        resuming old: OpaquePointer? = nil
    ) throws {
        plain = try RawClient(port: port)
        guard let context = SSL_CTX_new(TLS_client_method()), let session = Self.makeSession(context, identity) else {
            throw Failure(reason: "no session")
        }
        self.context = context
        self.session = session
        SSL_ctrl(session, SSL_CTRL_SET_MAX_PROTO_VERSION, Int(version), nil)
        SSL_ctrl(session, SSL_CTRL_SET_MIN_PROTO_VERSION, Int(version), nil)
        let offer = protocols.flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) }
        if !offer.isEmpty { SSL_set_alpn_protos(session, offer, UInt32(offer.count)) }
        if let old { SSL_set_session(session, old) }
        SSL_set_fd(session, plain.descriptor)
        try check(SSL_connect(session))
    }

    private static func makeSession(_ context: OpaquePointer, _ identity: String?) -> OpaquePointer? {
        SSL_CTX_load_verify_file(context, fixture("authority.pem"))
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
        // Old versions are refused by the library itself at its usual level; the server must be the one to refuse.
        SSL_CTX_set_security_level(context, 0)
        if let identity {
            SSL_CTX_use_certificate_chain_file(context, fixture("\(identity).pem"))
            SSL_CTX_use_PrivateKey_file(context, fixture("\(identity).key"), SSL_FILETYPE_PEM)
        }
        return SSL_new(context)
    }

    deinit {
        SSL_free(session)
        SSL_CTX_free(context)
    }

    private func check(_ code: Int32) throws {
        guard code != 1 else { return }
        let reason = ERR_reason_error_string(ERR_peek_last_error()).map { String(cString: $0) } ?? "broken off"
        ERR_clear_error()
        throw Failure(reason: reason)
    }

    func send(_ text: String) throws {
        let bytes = Array(text.utf8)
        try check(SSL_write(session, bytes, Int32(bytes.count)) == Int32(bytes.count) ? 1 : 0)
    }

    /// Reads once; false at the end.
    func receive() throws -> Bool {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = SSL_read(session, &buffer, Int32(buffer.count))
        guard count > 0 else {
            sawCloseNotify = SSL_get_error(session, count) == SSL_ERROR_ZERO_RETURN
            if !sawCloseNotify { try check(count) }
            return false
        }
        received += buffer[..<Int(count)]
        return true
    }

    func receive(until text: String) throws {
        while !self.text.contains(text) {
            guard try receive() else { throw Failure(reason: "ended with: \(self.text)") }
        }
    }

    func receiveAll() throws -> String {
        while try receive() {}
        return text
    }

    var text: String { String(decoding: received, as: UTF8.self) }

    var chosenProtocol: String {
        var name: UnsafePointer<UInt8>?
        var count: UInt32 = 0
        SSL_get0_alpn_selected(session, &name, &count)
        return String(decoding: UnsafeBufferPointer(start: name, count: Int(count)), as: UTF8.self)
    }

    var wasResumed: Bool { SSL_session_reused(session) == 1 }

    /// A session to resume; the caller frees it.
    var ticket: OpaquePointer? { SSL_get1_session(session) }

    /// The name in the server's certificate.
    var serverName: String {
        var name = [CChar](repeating: 0, count: 100)
        let subject = X509_get_subject_name(SSL_get0_peer_certificate(session))
        let count = X509_NAME_get_text_by_NID(subject, NID_commonName, &name, 100)
        return String(decoding: name.prefix(Int(count)).map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}

/// The path of a file beside `generate.sh`.
func fixture(_ name: String) -> String {
    let folder = #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
    return "/\(folder)/Fixtures/\(name)"
}

extension TLSConfiguration {
    /// The fixtures' identity of that name.
    init(identity: String, clients: ClientAuthentication = .off) {
        self.init(certificateChainFile: fixture("\(identity).pem"), privateKeyFile: fixture("\(identity).key"))
        clientAuthentication = clients
        clientAuthoritiesFile = clients == .off ? nil : fixture("authority.pem")
    }
}

extension HTTPServer.Configuration {
    static func tls(_ tls: TLSConfiguration) -> Self {
        var configuration = Self()
        configuration.tls = tls
        return configuration
    }
}
