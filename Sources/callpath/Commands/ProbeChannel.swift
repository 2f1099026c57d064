import COpenSSL
import Glibc

/// What a health probe writes to and reads from; the socket's own timeouts end its waiting.
protocol ProbeChannel {
    /// Returns whether all of `bytes` were sent.
    func write(_ bytes: [UInt8]) -> Bool
    /// Reads once and returns the number of octets: none at the end, less after a failure.
    func read(into buffer: inout [UInt8]) -> Int
    /// Why there is no answer.
    var failure: HealthProbe.Failure { get }
}

/// A socket as it is.
struct PlainChannel: ProbeChannel {
    let descriptor: Int32
    var failure: HealthProbe.Failure { errno == ECONNRESET || errno == EPIPE ? .ended : .noAnswer }

    func write(_ bytes: [UInt8]) -> Bool {
        send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
    }

    func read(into buffer: inout [UInt8]) -> Int { recv(descriptor, &buffer, buffer.count, 0) }
}

/// A socket under TLS, whatever certificate the server shows: the probe tells it nothing and believes only a status.
final class TLSChannel: ProbeChannel {
    private let context: OpaquePointer
    private let session: OpaquePointer
    /// Whether the server has asked for a certificate, and there was none to show.
    private var isAskedInVain = false

    /// Shakes hands; `identity` is a PEM file of a certificate and its key, for a server that asks for one.
    init(_ descriptor: Int32, identity: String?) throws(HealthProbe.Failure) {
        guard let context = SSL_CTX_new(TLS_client_method()) else { throw .noHandshake }
        guard let session = SSL_new(context) else {
            SSL_CTX_free(context)
            throw .noHandshake
        }
        (self.context, self.session) = (context, session)
        // OpenSSL writes with write(2), which cannot be told not to signal.
        signal(SIGPIPE, SIG_IGN)
        SSL_set_ex_data(session, 0, Unmanaged.passUnretained(self).toOpaque())
        SSL_CTX_set_client_cert_cb(context) { session, _, _ in
            guard let pointer = SSL_get_ex_data(session, 0) else { return 0 }
            Unmanaged<TLSChannel>.fromOpaque(pointer).takeUnretainedValue().isAskedInVain = true
            return 0
        }
        if let identity { try show(identity) }
        ERR_clear_error()
        guard SSL_set_fd(session, descriptor) == 1, SSL_connect(session) == 1 else {
            throw refusal ?? .noHandshake
        }
    }

    private func show(_ identity: String) throws(HealthProbe.Failure) {
        switch ClientIdentity.show(identity, in: session) {
        case .shown: break
        case .isEncrypted: throw .encryptedIdentity(identity)
        case .isBad: throw .badIdentity(identity)
        }
    }

    deinit {
        SSL_free(session)
        SSL_CTX_free(context)
    }

    /// Why the server broke off, as far as it said so.
    private var refusal: HealthProbe.Failure? {
        let code = ERR_peek_error()
        guard code != 0, let reason = ERR_reason_error_string(code) else { return nil }
        return isAskedInVain ? .certificateRequired : .refused(String(cString: reason))
    }

    var failure: HealthProbe.Failure { refusal ?? .noAnswer }

    func write(_ bytes: [UInt8]) -> Bool { SSL_write(session, bytes, Int32(bytes.count)) == bytes.count }

    func read(into buffer: inout [UInt8]) -> Int {
        let count = SSL_read(session, &buffer, Int32(buffer.count))
        return SSL_get_error(session, count) == SSL_ERROR_ZERO_RETURN ? 0 : Int(count > 0 ? count : -1)
    }
}
