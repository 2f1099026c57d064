import COpenSSL
import Glibc

/// A connection to a server, under TLS if its URL says so, and then only to the one that the certificate names.
final class ServerChannel {
    private let server: ServerURL
    private let timeout: Int
    private let descriptor: Int32
    private var context: OpaquePointer?
    private var session: OpaquePointer?
    /// Whether the server has asked for a certificate, and there was none to show.
    private var isAskedInVain = false

    /// Connects, and shakes hands.
    init(_ server: ServerURL, timeout: Int, authorities: String?, certificate: String?) throws(ClientFailure) {
        // OpenSSL writes with write(2), which cannot be told not to signal.
        signal(SIGPIPE, SIG_IGN)
        (self.server, self.timeout) = (server, timeout)
        if server.isTLS {
            try Self.check(authorities, of: "--authorities")
            try Self.check(certificate, of: "--client-certificate")
        }
        descriptor = try Self.connected(server, timeout: timeout)
        guard server.isTLS else { return }
        context = SSL_CTX_new(TLS_client_method())
        guard let context else { throw .badTLS(Self.reason) }
        try trust(authorities, in: context)
        session = SSL_new(context)
        guard let session else { throw .badTLS(Self.reason) }
        if let certificate { try show(certificate, in: session) }
        try name(server.host, in: session)
        noteRequests(in: context, session)
        SSL_set_verify(session, SSL_VERIFY_PEER, nil)
        ERR_clear_error()
        guard SSL_set_fd(session, descriptor) == 1 else { throw .badTLS(Self.reason) }
        let result = SSL_connect(session)
        guard result == 1 else { throw failureOfHandshake(session, result) }
    }

    /// Says why the file that an option names cannot be read; OpenSSL has no words for it.
    private static func check(_ file: String?, of option: String) throws(ClientFailure) {
        guard let file else { return }
        do throws(NamedFile.Failure) {
            _ = try NamedFile.bytes(of: file, limit: 1)
        } catch { throw .unreadable(option: option, file: file, reason: error.description) }
    }

    /// Has OpenSSL tell when the server asks for a certificate that nobody named.
    private func noteRequests(in context: OpaquePointer, _ session: OpaquePointer) {
        SSL_set_ex_data(session, 0, Unmanaged.passUnretained(self).toOpaque())
        SSL_CTX_set_client_cert_cb(context) { session, _, _ in
            guard let pointer = SSL_get_ex_data(session, 0) else { return 0 }
            Unmanaged<ServerChannel>.fromOpaque(pointer).takeUnretainedValue().isAskedInVain = true
            return 0
        }
    }

    deinit {
        SSL_free(session)
        SSL_CTX_free(context)
        close(descriptor)
    }

    private func trust(_ authorities: String?, in context: OpaquePointer) throws(ClientFailure) {
        guard let authorities else {
            SSL_CTX_set_default_verify_paths(context)
            return
        }
        guard SSL_CTX_load_verify_locations(context, authorities, nil) == 1 else {
            throw .badTLS("--authorities: cannot use '\(authorities)': \(Self.reason)")
        }
    }

    private func show(_ certificate: String, in session: OpaquePointer) throws(ClientFailure) {
        switch ClientIdentity.show(certificate, in: session) {
        case .shown: break
        case .isEncrypted:
            throw .badTLS(
                "--client-certificate: the key in '\(certificate)' needs a pass phrase, and nobody is asked for one: "
                    + "name a plain key"
            )
        case .isBad: throw .badTLS("--client-certificate: cannot use '\(certificate)': \(Self.reason)")
        }
    }

    /// Says whose certificate is wanted: a name's or an address's.
    private func name(_ host: String, in session: OpaquePointer) throws(ClientFailure) {
        let isAddress = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), host) == 1
        guard !isAddress else { return }
        guard SSL_set1_host(session, host) == 1, copenssl_set_server_name(session, host) == 1 else {
            throw .badTLS(Self.reason)
        }
    }

    private func failureOfHandshake(_ session: OpaquePointer, _ result: Int32) -> ClientFailure {
        let failure = failure(Int(result)) ?? .cutShort(url: server.text)
        let verified = SSL_get_verify_result(session)
        guard verified != Int(X509_V_OK) else { return failure }
        return .badTLS("\(String(cString: X509_verify_cert_error_string(verified))) (\(server.text))")
    }

    /// Why nothing more came or went, told by what the last call gave; `nil` if the server ended the connection.
    private func failure(_ count: Int) -> ClientFailure? {
        let number = errno
        let timedOut = ClientFailure.timedOut(url: server.text, seconds: timeout)
        if let session {
            switch SSL_get_error(session, Int32(clamping: count)) {
            case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: return timedOut
            case SSL_ERROR_ZERO_RETURN: return nil
            case SSL_ERROR_SYSCALL: break
            default:
                return isAskedInVain
                    ? .certificateRequired(url: server.text) : .badTLS("\(Self.reason) (\(server.text))")
            }
        }
        guard count < 0, number != 0 else { return nil }
        return Self.isTimeOut(number) ? timedOut : .broken(url: server.text, reason: String(cString: strerror(number)))
    }

    /// Whether the system says so that the time of a socket ran out.
    private static func isTimeOut(_ number: Int32) -> Bool {
        [EAGAIN, EWOULDBLOCK, EINPROGRESS, ETIMEDOUT].contains(number)
    }

    private static var reason: String {
        let code = ERR_peek_last_error()
        guard code != 0, let words = ERR_reason_error_string(code) else { return "it failed without a reason" }
        return String(cString: words)
    }

    /// Sends all of `bytes`.
    func write(_ bytes: [UInt8]) throws(ClientFailure) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes { rest -> Int in
                guard let session else { return send(descriptor, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL)) }
                return Int(SSL_write(session, rest.baseAddress, Int32(clamping: rest.count)))
            }
            guard count > 0 else {
                if case .timedOut? = failure(count) { throw .timedOut(url: server.text, seconds: timeout) }
                // A server that refuses before it has all of a body still says why: read on.
                return
            }
            sent += count
        }
    }

    /// Reads until the server closes the connection.
    func readToEnd() throws(ClientFailure) -> [UInt8] {
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count =
                session.map { Int(SSL_read($0, &part, Int32(part.count))) } ?? recv(descriptor, &part, part.count, 0)
            guard count > 0 else {
                let failure = failure(count)
                if case .timedOut? = failure { throw .timedOut(url: server.text, seconds: timeout) }
                // What came may be whole all the same.
                if bytes.isEmpty, let failure { throw failure }
                return bytes
            }
            bytes += part.prefix(count)
        }
    }

    private static func connected(_ server: ServerURL, timeout: Int) throws(ClientFailure) -> Int32 {
        if let path = server.socket { return try connected(path: path, of: server, timeout: timeout) }
        let url = server.text
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(server.host, String(server.port), &hints, &found)
        guard code == 0, let addresses = found else {
            throw .unreachable(url: url, reason: String(cString: gai_strerror(code)))
        }
        defer { freeaddrinfo(addresses) }
        var failure: Int32 = 0
        for address in sequence(first: addresses, next: { $0.pointee.ai_next }) {
            let descriptor = socket(address.pointee.ai_family, address.pointee.ai_socktype, 0)
            guard descriptor >= 0 else { continue }
            setTimeouts(descriptor, seconds: timeout)
            if connect(descriptor, address.pointee.ai_addr, address.pointee.ai_addrlen) == 0 { return descriptor }
            failure = errno
            close(descriptor)
        }
        throw unreachable(server, failure, timeout)
    }

    private static func unreachable(_ server: ServerURL, _ number: Int32, _ timeout: Int) -> ClientFailure {
        guard !isTimeOut(number) else { return .timedOut(url: server.text, seconds: timeout) }
        return .unreachable(url: server.text, reason: String(cString: strerror(number)))
    }

    private static func connected(path: String, of server: ServerURL, timeout: Int) throws(ClientFailure) -> Int32 {
        do {
            return try UnixStream.connected(to: path, timeout: timeout)
        } catch {
            throw unreachable(server, error.errno, timeout)
        }
    }

    private static func setTimeouts(_ descriptor: Int32, seconds: Int) {
        var time = timeval(tv_sec: seconds, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, size)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, size)
    }
}
