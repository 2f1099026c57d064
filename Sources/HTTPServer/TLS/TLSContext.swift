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

    init(_ configuration: TLSConfiguration, _ files: TLSFiles, logger: Logger) throws(TLSError) {
        ERR_clear_error()
        guard let pointer = SSL_CTX_new(TLS_server_method()) else { throw .openSSL(reason: lastOpenSSLError()) }
        self.pointer = pointer
        try setProtocol(offersHTTP2: configuration.offersHTTP2)
        try loadIdentity(configuration, files)
        try setClientAuthentication(configuration, files)
        warn(of: configuration, logger)
    }

    deinit {
        SSL_CTX_free(pointer)
    }

    /// TLS 1.2 with forward secrecy and AEAD only, TLS 1.3, no renegotiation.
    ///
    /// Sessions are resumed from a bounded cache of our own rather than from tickets, whose keys would have to rotate.
    private func setProtocol(offersHTTP2: Bool) throws(TLSError) {
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
        SSL_CTX_set_alpn_select_cb(pointer, offersHTTP2 ? selectEither : selectHTTP1, nil)
    }

    private func loadIdentity(_ configuration: TLSConfiguration, _ files: TLSFiles) throws(TLSError) {
        let (chain, key) = (configuration.certificateChainFile, configuration.privateKeyFile)
        ERR_clear_error()
        guard withPEM(files.chain, useChain) else { throw .badCertificate(file: chain, reason: lastOpenSSLError()) }
        ERR_clear_error()
        let passPhrase = PassPhrase(files.passPhrase)
        guard withPEM(files.key, { useKey($0, passPhrase) }) else {
            let reason = lastOpenSSLError()
            if reason.contains("mismatch") { throw .keyDoesNotMatch(certificate: chain, key: key) }
            guard passPhrase.wasAsked else { throw .badPrivateKey(file: key, reason: reason) }
            throw files.passPhrase == nil
                ? .missingPassPhrase(key: key)
                : .wrongPassPhrase(key: key, file: configuration.keyPasswordFile ?? "")
        }
        guard SSL_CTX_check_private_key(pointer) == 1 else {
            throw .keyDoesNotMatch(certificate: chain, key: key)
        }
    }

    /// Uses the first certificate as the server's own and those behind it as the rest of its chain.
    private func useChain(_ source: OpaquePointer) -> Bool {
        guard let own = PEM_read_bio_X509_AUX(source, nil, PassPhrase.answer, nil) else { return false }
        defer { X509_free(own) }
        guard SSL_CTX_use_certificate(pointer, own) == 1 else { return false }
        while let next = PEM_read_bio_X509(source, nil, PassPhrase.answer, nil) {
            guard copenssl_add_to_chain(pointer, next) == 1 else {
                X509_free(next)
                return false
            }
        }
        return copenssl_is_end_of_pem(ERR_peek_last_error()) == 1
    }

    private func useKey(_ source: OpaquePointer, _ passPhrase: PassPhrase) -> Bool {
        let key = passPhrase.withPointer { PEM_read_bio_PrivateKey(source, nil, PassPhrase.answer, $0) }
        guard let key else { return false }
        defer { EVP_PKEY_free(key) }
        return SSL_CTX_use_PrivateKey(pointer, key) == 1
    }

    private func setClientAuthentication(_ configuration: TLSConfiguration, _ files: TLSFiles) throws(TLSError) {
        guard let authorities = files.authorities, let file = configuration.clientAuthoritiesFile else { return }
        ERR_clear_error()
        guard withPEM(authorities, trust) else {
            throw .badClientAuthorities(file: file, reason: lastOpenSSLError())
        }
        let isRequired = configuration.clientAuthentication == .required
        SSL_CTX_set_verify(pointer, SSL_VERIFY_PEER | (isRequired ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), nil)
        SSL_CTX_set_purpose(pointer, X509_PURPOSE_SSL_CLIENT)
    }

    /// Trusts every certificate of the file, of which there must be one, to sign clients', and names them to clients.
    private func trust(_ source: OpaquePointer) -> Bool {
        var count = 0
        while let authority = PEM_read_bio_X509_AUX(source, nil, PassPhrase.answer, nil) {
            defer { X509_free(authority) }
            guard X509_STORE_add_cert(SSL_CTX_get_cert_store(pointer), authority) == 1,
                SSL_CTX_add_client_CA(pointer, authority) == 1
            else { return false }
            count += 1
        }
        return count > 0 && copenssl_is_end_of_pem(ERR_peek_last_error()) == 1
    }

    /// Whether an authority of this context signs the certificate that the client of `session` has shown, if it did.
    func stillTrusts(clientOf session: OpaquePointer) -> Bool {
        guard let certificate = SSL_get0_peer_certificate(session) else { return true }
        guard let check = X509_STORE_CTX_new() else { return false }
        defer { X509_STORE_CTX_free(check) }
        let store = SSL_CTX_get_cert_store(pointer)
        guard X509_STORE_CTX_init(check, store, certificate, SSL_get_peer_cert_chain(session)) == 1 else {
            return false
        }
        X509_STORE_CTX_set_purpose(check, X509_PURPOSE_SSL_CLIENT)
        return X509_verify_cert(check) == 1
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

private typealias ProtocolSelection =
    @convention(c) (
        OpaquePointer?, UnsafeMutablePointer<UnsafePointer<UInt8>?>?, UnsafeMutablePointer<UInt8>?,
        UnsafePointer<UInt8>?, UInt32, UnsafeMutableRawPointer?
    ) -> Int32

/// Chooses `h2` if it is offered, else `http/1.1`.
private let selectEither: ProtocolSelection = { _, chosen, chosenLength, offered, offeredLength, _ in
    select(
        ["h2", "http/1.1"],
        from: UnsafeBufferPointer(start: offered, count: Int(offeredLength)),
        chosen,
        chosenLength
    )
}

/// Chooses `http/1.1`.
private let selectHTTP1: ProtocolSelection = { _, chosen, chosenLength, offered, offeredLength, _ in
    select(["http/1.1"], from: UnsafeBufferPointer(start: offered, count: Int(offeredLength)), chosen, chosenLength)
}

/// Chooses the first of `names` that is offered, and refuses a client that offers other protocols only (RFC 7301 3.2).
private func select(
    _ names: [StaticString],
    from offered: UnsafeBufferPointer<UInt8>,
    _ chosen: UnsafeMutablePointer<UnsafePointer<UInt8>?>?,
    _ chosenLength: UnsafeMutablePointer<UInt8>?
) -> Int32 {
    guard let chosen, let chosenLength else { return SSL_TLSEXT_ERR_ALERT_FATAL }
    for name in names {
        let name = UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
        var index = 0
        while index < offered.count {
            let end = index + 1 + Int(offered[index])
            guard end <= offered.count else { break }
            let candidate = UnsafeBufferPointer(rebasing: offered[index + 1..<end])
            if candidate.elementsEqual(name) {
                chosen.pointee = candidate.baseAddress
                chosenLength.pointee = UInt8(candidate.count)
                return SSL_TLSEXT_ERR_OK
            }
            index = end
        }
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL
}

/// Lets `body` read `octets` as a file; false if it cannot.
private func withPEM(_ octets: [UInt8], _ body: (OpaquePointer) -> Bool) -> Bool {
    octets.withUnsafeBytes { bytes in
        guard let source = BIO_new_mem_buf(bytes.baseAddress, Int32(bytes.count)) else { return false }
        defer { BIO_free(source) }
        return body(source)
    }
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
