import COpenSSL
import Glibc
import Logging

/// Certificate, key and rules of the connections that are made with it; a reload makes another.
///
/// Unchecked: the context is written to in `init` only; OpenSSL counts its users and guards its session cache itself.
final class TLSContext: @unchecked Sendable {
    /// Sessions that are kept to be resumed, each a few hundred octets.
    private static let sessionCacheSize = 4_096
    /// OpenSSL will not resume sessions of verified clients without a name for their kind.
    private static let sessionKind = Array("callpath".utf8)

    let pointer: OpaquePointer

    init(_ configuration: TLSConfiguration, logger: Logger) throws(TLSError) {
        ERR_clear_error()
        guard let pointer = SSL_CTX_new(TLS_server_method()) else { throw .openSSL(reason: lastOpenSSLError()) }
        self.pointer = pointer
        try setProtocol()
        try loadIdentity(configuration)
        try setClientAuthentication(configuration)
        warn(of: configuration, logger)
    }

    deinit {
        SSL_CTX_free(pointer)
    }

    /// TLS 1.2 with forward secrecy and AEAD only, TLS 1.3, no renegotiation.
    ///
    /// Sessions are resumed from a bounded cache of our own rather than from tickets, whose keys would have to rotate.
    private func setProtocol() throws(TLSError) {
        copenssl_set_options(pointer)
        let isSet =
            copenssl_set_min_version(pointer, TLS1_2_VERSION) == 1
            && SSL_CTX_set_cipher_list(pointer, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1
            && copenssl_set_groups(pointer, "X25519:P-256:P-384") == 1
            && SSL_CTX_set_num_tickets(pointer, 1) == 1
        guard isSet else { throw .openSSL(reason: lastOpenSSLError()) }
        // A retried write may come from another address, since Swift's arrays move; idle connections need no buffers.
        copenssl_set_mode(
            pointer,
            Int(SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS)
        )
        copenssl_set_read_ahead(pointer)
        copenssl_set_session_cache(pointer, Int(SSL_SESS_CACHE_SERVER), Self.sessionCacheSize)
        SSL_CTX_set_session_id_context(pointer, Self.sessionKind, UInt32(Self.sessionKind.count))
        SSL_CTX_set_alpn_select_cb(pointer, selectProtocol, nil)
    }

    private func loadIdentity(_ configuration: TLSConfiguration) throws(TLSError) {
        let (chain, key) = (configuration.certificateChainFile, configuration.privateKeyFile)
        guard SSL_CTX_use_certificate_chain_file(pointer, chain) == 1 else {
            throw .badCertificate(file: chain, reason: lastOpenSSLError())
        }
        ERR_clear_error()
        guard SSL_CTX_use_PrivateKey_file(pointer, key, SSL_FILETYPE_PEM) == 1 else {
            let reason = lastOpenSSLError()
            throw reason.contains("mismatch")
                ? .keyDoesNotMatch(certificate: chain, key: key) : .badPrivateKey(file: key, reason: reason)
        }
        guard SSL_CTX_check_private_key(pointer) == 1 else {
            throw .keyDoesNotMatch(certificate: chain, key: key)
        }
    }

    private func setClientAuthentication(_ configuration: TLSConfiguration) throws(TLSError) {
        guard configuration.clientAuthentication != .off else { return }
        guard let file = configuration.clientAuthoritiesFile else { throw .missingClientAuthorities }
        ERR_clear_error()
        guard SSL_CTX_load_verify_file(pointer, file) == 1, let names = SSL_load_client_CA_file(file) else {
            throw .badClientAuthorities(file: file, reason: lastOpenSSLError())
        }
        SSL_CTX_set_client_CA_list(pointer, names)
        let isRequired = configuration.clientAuthentication == .required
        SSL_CTX_set_verify(pointer, SSL_VERIFY_PEER | (isRequired ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), nil)
        SSL_CTX_set_purpose(pointer, X509_PURPOSE_SSL_CLIENT)
    }

    private func warn(of configuration: TLSConfiguration, _ logger: Logger) {
        if let certificate = SSL_CTX_get0_certificate(pointer),
            X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0
        {
            logger.warning("The certificate has expired.", metadata: ["file": "\(configuration.certificateChainFile)"])
        }
        var status = stat()
        if stat(configuration.privateKeyFile, &status) == 0, status.st_mode & 0o077 != 0 {
            logger.warning("Others may read the private key.", metadata: ["file": "\(configuration.privateKeyFile)"])
        }
    }
}

/// Chooses `http/1.1`, and refuses a client that offers other protocols only (RFC 7301 3.2).
private let selectProtocol:
    @convention(c) (
        OpaquePointer?, UnsafeMutablePointer<UnsafePointer<UInt8>?>?, UnsafeMutablePointer<UInt8>?,
        UnsafePointer<UInt8>?, UInt32, UnsafeMutableRawPointer?
    ) -> Int32 = { _, chosen, chosenLength, offered, offeredLength, _ in
        let name = Array("http/1.1".utf8)
        guard let offered, let chosen, let chosenLength else { return SSL_TLSEXT_ERR_ALERT_FATAL }
        var index = 0
        while index < offeredLength {
            let length = Int(offered[index])
            let start = offered + index + 1
            guard index + 1 + length <= offeredLength else { break }
            if UnsafeBufferPointer(start: start, count: length).elementsEqual(name) {
                chosen.pointee = start
                chosenLength.pointee = UInt8(length)
                return SSL_TLSEXT_ERR_OK
            }
            index += 1 + length
        }
        return SSL_TLSEXT_ERR_ALERT_FATAL
    }

/// Takes the reason of the last failure of this thread's OpenSSL calls: of the errors it left, the first is the cause.
private func lastOpenSSLError() -> String {
    let code = ERR_peek_error()
    ERR_clear_error()
    let number = copenssl_system_error(code)
    guard number == 0 else { return String(cString: strerror(number)) }
    guard let reason = ERR_reason_error_string(code) else { return "error \(code)" }
    return String(cString: reason)
}
