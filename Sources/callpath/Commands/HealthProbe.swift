import COpenSSL
import Glibc

/// One GET: a health check needs no more of HTTP than a status line.
struct HealthProbe {
    /// A reason why there is no answer.
    enum Failure: Error, CustomStringConvertible {
        case unknownHost(String)
        case unreachable(place: String, errno: Int32)
        case noHandshake
        case certificateRequired
        case refused(String)
        case badIdentity(String)
        case encryptedIdentity(String)
        case noAnswer
        case ended

        /// Whether the words say already who was asked.
        var namesPlace: Bool {
            switch self {
            case .noHandshake, .refused, .noAnswer, .ended: false
            default: true
            }
        }

        var description: String {
            switch self {
            case .unknownHost(let host): "no address for \(host)"
            case .unreachable(let place, let errno): "\(place): \(String(cString: strerror(errno)))"
            case .certificateRequired: "the server asks for a client certificate (--client-certificate)"
            case .refused(let reason): "the server refuses the TLS connection: \(reason)"
            case .badIdentity(let file): "--client-certificate: '\(file)' does not hold a certificate and its key"
            case .encryptedIdentity(let file):
                "--client-certificate: the key in '\(file)' needs a pass phrase, and health has none: name a plain key"
            case .noHandshake: "no TLS handshake in time"
            case .noAnswer: "no answer in time"
            case .ended: "the connection ended before an answer"
            }
        }
    }

    let host: String
    let port: UInt16
    /// Seconds to wait for the connection and for the answer.
    let timeout: Int

    /// A PEM file of a certificate and its key, for a server that asks for one.
    var identity: String?
    /// The path of a Unix socket to ask in place of the port.
    var socketPath: String?
    /// Whether the port is known to speak TLS: plain HTTP would only leave a refusal in its log.
    var speaksTLS = false

    /// Where it asks, in words.
    var place: String { socketPath.map { "unix:\($0)" } ?? "\(host):\(port)" }

    /// Returns the status of the answer to a GET of `path`, over TLS if that is what the port speaks.
    func status(of path: String) throws -> Int {
        if speaksTLS {
            do {
                return try status(of: path, usingTLS: true)
            } catch Failure.noHandshake {}
        }
        let status = try status(of: path, usingTLS: false)
        // A TLS port answers plain HTTP with 400, and no health route does.
        return status == 400 ? try self.status(of: path, usingTLS: true) : status
    }

    private func status(of path: String, usingTLS: Bool) throws -> Int {
        let descriptor = try connected()
        defer { close(descriptor) }
        guard usingTLS else { return try status(of: path, through: PlainChannel(descriptor: descriptor)) }
        return try status(of: path, through: TLSChannel(descriptor, identity: identity))
    }

    private func status(of path: String, through channel: some ProbeChannel) throws -> Int {
        let request = Array(
            "GET \(path) HTTP/1.1\r\nHost: \(host.contains(":") ? "[\(host)]" : host)\r\nConnection: close\r\n\r\n".utf8
        )
        guard channel.write(request) else { throw channel.failure }
        var line: [UInt8] = []
        while line.count < 12 {
            var part = [UInt8](repeating: 0, count: 12 - line.count)
            let count = channel.read(into: &part)
            guard count != 0 else { throw Failure.ended }
            guard count > 0 else { throw channel.failure }
            line += part.prefix(count)
        }
        guard line.starts(with: "HTTP/1.1 ".utf8), let status = Int(String(decoding: line.suffix(3), as: UTF8.self))
        else {
            throw Failure.noAnswer
        }
        return status
    }

    private func connected() throws -> Int32 {
        if let socketPath {
            do {
                return try UnixStream.connected(to: socketPath, timeout: timeout)
            } catch {
                throw Failure.unreachable(place: place, errno: error.errno)
            }
        }
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, String(port), &hints, &found) == 0, let addresses = found else {
            throw Failure.unknownHost(host)
        }
        defer { freeaddrinfo(addresses) }
        var failure: Int32 = 0
        for address in sequence(first: addresses, next: { $0.pointee.ai_next }) {
            let descriptor = socket(address.pointee.ai_family, address.pointee.ai_socktype, 0)
            guard descriptor >= 0 else { continue }
            setTimeouts(descriptor)
            if connect(descriptor, address.pointee.ai_addr, address.pointee.ai_addrlen) == 0 { return descriptor }
            failure = errno
            close(descriptor)
        }
        throw Failure.unreachable(place: place, errno: failure)
    }

    private func setTimeouts(_ descriptor: Int32) {
        var time = timeval(tv_sec: timeout, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, size)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, size)
    }
}
