import Glibc

/// One GET over a plain socket: a health check needs no more of HTTP than a status line.
struct HealthProbe {
    /// A reason why there is no answer.
    enum Failure: Error, CustomStringConvertible {
        case unknownHost(String)
        case unreachable(host: String, port: UInt16, errno: Int32)
        case noAnswer

        var description: String {
            switch self {
            case .unknownHost(let host): "no address for \(host)"
            case .unreachable(let host, let port, let errno): "\(host):\(port): \(String(cString: strerror(errno)))"
            case .noAnswer: "no answer in time"
            }
        }
    }

    let host: String
    let port: UInt16
    /// Seconds to wait for the connection and for the answer.
    let timeout: Int

    /// Returns the status of the answer to a GET of `path`.
    func status(of path: String) throws -> Int {
        let descriptor = try connected()
        defer { close(descriptor) }
        let request = Array(
            "GET \(path) HTTP/1.1\r\nHost: \(host.contains(":") ? "[\(host)]" : host)\r\nConnection: close\r\n\r\n".utf8
        )
        guard send(descriptor, request, request.count, Int32(MSG_NOSIGNAL)) == request.count else {
            throw Failure.noAnswer
        }
        var line: [UInt8] = []
        while line.count < 12 {
            var part = [UInt8](repeating: 0, count: 12 - line.count)
            let count = recv(descriptor, &part, part.count, 0)
            guard count > 0 else { throw Failure.noAnswer }
            line += part.prefix(count)
        }
        guard line.starts(with: "HTTP/1.1 ".utf8), let status = Int(String(decoding: line.suffix(3), as: UTF8.self))
        else {
            throw Failure.noAnswer
        }
        return status
    }

    private func connected() throws -> Int32 {
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
        throw Failure.unreachable(host: host, port: port, errno: failure)
    }

    private func setTimeouts(_ descriptor: Int32) {
        var time = timeval(tv_sec: timeout, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, size)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, size)
    }
}
