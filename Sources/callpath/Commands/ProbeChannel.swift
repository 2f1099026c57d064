import COpenSSL
import Glibc

/// What a health probe writes to and reads from; the socket's own timeouts end its waiting.
protocol ProbeChannel {
    /// Returns whether all of `bytes` were sent.
    func write(_ bytes: [UInt8]) -> Bool
    /// Reads once and returns the number of octets; none at the end and after a failure.
    func read(into buffer: inout [UInt8]) -> Int
}

/// A socket as it is.
struct PlainChannel: ProbeChannel {
    let descriptor: Int32

    func write(_ bytes: [UInt8]) -> Bool {
        send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
    }

    func read(into buffer: inout [UInt8]) -> Int { max(0, recv(descriptor, &buffer, buffer.count, 0)) }
}

/// A socket under TLS, whatever certificate the server shows: the probe tells it nothing and believes only a status.
final class TLSChannel: ProbeChannel {
    private let context: OpaquePointer
    private let session: OpaquePointer

    /// Shakes hands; `identity` is a PEM file of a certificate and its key, for a server that asks for one.
    init?(_ descriptor: Int32, identity: String?) {
        guard let context = SSL_CTX_new(TLS_client_method()) else { return nil }
        if let identity {
            SSL_CTX_use_certificate_chain_file(context, identity)
            SSL_CTX_use_PrivateKey_file(context, identity, SSL_FILETYPE_PEM)
        }
        guard let session = SSL_new(context) else {
            SSL_CTX_free(context)
            return nil
        }
        (self.context, self.session) = (context, session)
        // OpenSSL writes with write(2), which cannot be told not to signal.
        signal(SIGPIPE, SIG_IGN)
        guard SSL_set_fd(session, descriptor) == 1, SSL_connect(session) == 1 else { return nil }
    }

    deinit {
        SSL_free(session)
        SSL_CTX_free(context)
    }

    func write(_ bytes: [UInt8]) -> Bool { SSL_write(session, bytes, Int32(bytes.count)) == bytes.count }

    func read(into buffer: inout [UInt8]) -> Int { Int(max(0, SSL_read(session, &buffer, Int32(buffer.count)))) }
}
