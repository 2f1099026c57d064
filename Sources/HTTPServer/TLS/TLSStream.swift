import COpenSSL
import Glibc

/// A socket under TLS.
///
/// OpenSSL may have to write in order to read, and the other way round. The loop tries again whatever it waited for at
/// any report of the socket, so neither needs a state of its own. One session is used by one loop only, and each call's
/// error is taken right after it, before anything can hop to another thread.
final class TLSStream: ByteStream {
    private var descriptor: Descriptor?
    private let session: OpaquePointer
    private let context: TLSContext
    private var permit: HandshakePermit?
    /// Whether the client has begun a handshake.
    private var hasBegun = false
    /// After a fatal error OpenSSL must not be asked to say good-bye.
    private var isBroken = false
    private(set) var peerName: String?

    let number: Int32
    /// Decrypted octets may wait where the kernel cannot see them.
    let shortReadEmpties = false

    init?(_ descriptor: consuming Descriptor, context: TLSContext, permit: consuming HandshakePermit) {
        ERR_clear_error()
        let number = descriptor.number
        guard let session = SSL_new(context.pointer) else { return nil }
        guard SSL_set_fd(session, number) == 1 else {
            SSL_free(session)
            return nil
        }
        SSL_set_accept_state(session)
        self.session = session
        self.context = context
        self.number = number
        self.permit = consume permit
        self.descriptor = consume descriptor
    }

    deinit {
        SSL_free(session)
    }

    /// Hands the bare socket over; nothing but that may be done with this stream afterwards.
    func takeDescriptor() -> Descriptor? {
        isBroken = true
        permit = nil
        return descriptor.take()
    }

    func open() -> Opening {
        guard permit != nil else { return .done }
        if !hasBegun, let refusal = lookAhead() { return refusal }
        hasBegun = true
        ERR_clear_error()
        let code = SSL_do_handshake(session)
        guard code != 1 else {
            permit = nil
            peerName = provenName()
            return .done
        }
        return outcome(of: code) == .wouldBlock ? .wouldBlock : .failed(reason: refusalReason())
    }

    var choseHTTP2: Bool? {
        var name: UnsafePointer<UInt8>?
        var count: UInt32 = 0
        SSL_get0_alpn_selected(session, &name, &count)
        return UnsafeBufferPointer(start: name, count: Int(count)).elementsEqual("h2".utf8)
    }

    /// Says why the handshake that has just failed did; nil if the client only went away.
    private func refusalReason() -> String? {
        let verdict = SSL_get_verify_result(session)
        guard verdict == X509_V_OK else {
            return "the client's certificate: " + String(cString: X509_verify_cert_error_string(verdict))
        }
        let code = ERR_peek_error()
        guard code != 0, let reason = ERR_reason_error_string(code) else { return nil }
        return String(cString: reason)
    }

    /// Whether the client has shown no certificate, or one that an authority of `context` signs.
    func isTrusted(by context: TLSContext) -> Bool {
        permit != nil || context === self.context || context.stillTrusts(clientOf: session)
    }

    /// Looks at the first octet, and returns why no handshake can begin with it: a capital letter begins a method.
    ///
    /// OpenSSL reads nothing before that, not even when there is nothing yet: octets that it has read and cannot use
    /// are lost to whoever answers them, and a connection that is closed over octets that nobody read is reset.
    private func lookAhead() -> Opening? {
        var first: UInt8 = 0
        let count = recv(number, &first, 1, Int32(MSG_PEEK))
        guard count == 1 else { return count < 0 && errno == EAGAIN ? .wouldBlock : .failed(reason: nil) }
        return UInt8(ascii: "A")...UInt8(ascii: "Z") ~= first ? .plainText : nil
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> Transfer {
        ERR_clear_error()
        var count = 0
        let code = SSL_read_ex(session, buffer.baseAddress, buffer.count, &count)
        return code == 1 ? .moved(count) : outcome(of: code)
    }

    func write(_ pieces: UnsafeBufferPointer<iovec>) -> Transfer {
        var total = 0
        for piece in pieces {
            ERR_clear_error()
            var count = 0
            let code = SSL_write_ex(session, piece.iov_base, piece.iov_len, &count)
            guard code == 1 else {
                let outcome = outcome(of: code)
                return total > 0 && outcome == .wouldBlock ? .moved(total) : outcome
            }
            total += count
            guard count == piece.iov_len else { break }
        }
        return .moved(total)
    }

    func endWriting() {
        if !isBroken {
            ERR_clear_error()
            SSL_shutdown(session)
        }
        shutdown(number, Int32(SHUT_WR))
    }

    /// Reads what OpenSSL says of a call that did not succeed.
    ///
    /// An end without `close_notify` is an error, so that nobody can cut a request short unseen.
    private func outcome(of code: Int32) -> Transfer {
        switch SSL_get_error(session, code) {
        case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: return .wouldBlock
        case SSL_ERROR_ZERO_RETURN: return .ended
        default:
            isBroken = true
            return .failed
        }
    }

    /// The first alternative name of the certificate that the client proved to own, else its common name.
    private func provenName() -> String? {
        guard let certificate = SSL_get0_peer_certificate(session), SSL_get_verify_result(session) == X509_V_OK else {
            return nil
        }
        var name = [CChar](repeating: 0, count: 256)
        var length = copenssl_alternative_name(certificate, &name, Int32(name.count))
        if length < 0 {
            let subject = X509_get_subject_name(certificate)
            length = X509_NAME_get_text_by_NID(subject, NID_commonName, &name, Int32(name.count))
        }
        guard length > 0 else { return nil }
        return String(decoding: name.prefix(Int(length)).map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
