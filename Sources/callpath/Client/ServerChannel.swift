import COpenSSL
import Glibc

/// A connection to a server, under TLS if its URL says so, and then only to the one that the certificate names.
final class ServerChannel {
    private let descriptor: Int32
    private var context: OpaquePointer?
    private var session: OpaquePointer?

    /// Connects, and shakes hands.
    init(_ server: ServerURL, timeout: Int, authorities: String?, certificate: String?) throws(ClientFailure) {
        // OpenSSL writes with write(2), which cannot be told not to signal.
        signal(SIGPIPE, SIG_IGN)
        descriptor = try Self.connected(server, timeout: timeout)
        guard server.isTLS else { return }
        context = SSL_CTX_new(TLS_client_method())
        guard let context else { throw .badTLS(Self.reason) }
        try trust(authorities, in: context)
        session = SSL_new(context)
        guard let session else { throw .badTLS(Self.reason) }
        if let certificate { try show(certificate, in: session) }
        try name(server.host, in: session)
        SSL_set_verify(session, SSL_VERIFY_PEER, nil)
        guard SSL_set_fd(session, descriptor) == 1, SSL_connect(session) == 1 else { throw .badTLS(failure(session)) }
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

    private func failure(_ session: OpaquePointer) -> String {
        let verified = SSL_get_verify_result(session)
        guard verified == Int(X509_V_OK) else { return String(cString: X509_verify_cert_error_string(verified)) }
        return Self.reason
    }

    private static var reason: String {
        let code = ERR_peek_last_error()
        guard code != 0, let words = ERR_reason_error_string(code) else { return "no answer in time" }
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
            // A server that refuses before it has all of a body still says why: read on.
            guard count > 0 else { return }
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
            guard count > 0 else { break }
            bytes += part.prefix(count)
        }
        if bytes.isEmpty, session != nil { throw .badTLS(Self.reason) }
        return bytes
    }

    private static func connected(_ server: ServerURL, timeout: Int) throws(ClientFailure) -> Int32 {
        if let path = server.socket { return try connected(path: path, timeout: timeout) }
        let url = "\(server.isTLS ? "https" : "http")://\(server.authority)"
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
        throw .unreachable(url: url, reason: String(cString: strerror(failure)))
    }

    private static func connected(path: String, timeout: Int) throws(ClientFailure) -> Int32 {
        do {
            return try UnixStream.connected(to: path, timeout: timeout)
        } catch {
            throw .unreachable(url: "unix://\(path)", reason: String(cString: strerror(error.errno)))
        }
    }

    private static func setTimeouts(_ descriptor: Int32, seconds: Int) {
        var time = timeval(tv_sec: seconds, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, size)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, size)
    }
}
