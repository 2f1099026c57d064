import Dispatch
import Glibc
import WireCases

/// A client that sends any octets whatever and says exactly what came back; it blocks, so it has a thread of its own.
final class RawClient {
    enum Failure: Error {
        case cannotConnect(errno: Int32)
        case timedOut(received: String)
        case reset(received: String)
        case cannotSend(errno: Int32)
    }

    private(set) var descriptor: Int32
    private(set) var received: [UInt8] = []

    /// Connects to `port` of this machine; `receiveBuffer` makes the kernel take little on behalf of a slow reader.
    init(port: Int, receiveBuffer: Int32? = nil, timeout: Int = 10) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        if var size = receiveBuffer { set(SO_RCVBUF, &size) }
        var limit = timeval(tv_sec: timeout, tv_usec: 0)
        set(SO_RCVTIMEO, &limit)
        set(SO_SNDTIMEO, &limit)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        let code = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard code == 0 else { throw Failure.cannotConnect(errno: errno) }
    }

    deinit { close() }

    private func set<Value: BitwiseCopyable>(_ option: Int32, _ value: inout Value) {
        setsockopt(descriptor, SOL_SOCKET, option, &value, socklen_t(MemoryLayout<Value>.size))
    }

    func close() {
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
    }

    /// Ends so that the server gets a reset instead of an end.
    func reset() {
        var option = linger(l_onoff: 1, l_linger: 0)
        set(SO_LINGER, &option)
        close()
    }

    func endWriting() {
        shutdown(descriptor, Int32(SHUT_WR))
    }

    func send(_ text: String) throws {
        try send(Array(text.utf8))
    }

    func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Failure.cannotSend(errno: errno) }
            sent += count
        }
    }

    /// Reads once; false at the end.
    @discardableResult
    func receive() throws -> Bool {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        if count < 0 {
            throw errno == EAGAIN ? Failure.timedOut(received: text) : Failure.reset(received: text)
        }
        received += buffer[..<count]
        return count > 0
    }

    /// Whether something can be read, an end included, before the time is over.
    func isReadable(within milliseconds: Int32) -> Bool {
        var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&request, 1, milliseconds) > 0
    }

    /// Reads until `text` has come `times` times since the start.
    func receive(until text: String, times: Int = 1) throws {
        while occurrences(of: text) < times {
            guard try receive() else { throw Failure.reset(received: self.text) }
        }
    }

    /// Reads to the end and returns all that has come since the start.
    func receiveAll() throws -> String {
        while try receive() {}
        return text
    }

    var text: String { String(decoding: received, as: UTF8.self) }

    /// How often `pattern` stands in what has come up to the first NUL; in C, for tests are not optimised.
    func occurrences(of pattern: String) -> Int {
        received.append(0)
        defer { received.removeLast() }
        return received.withUnsafeBytes { bytes in
            var count = 0
            var start = bytes.assumingMemoryBound(to: CChar.self).baseAddress
            while let from = start, let match = strstr(from, pattern) {
                count += 1
                start = UnsafePointer(match + pattern.utf8.count)
            }
            return count
        }
    }

    func forget() { received = [] }

    /// The status codes of the answers that have come, by their status lines.
    var statuses: [Int] {
        text.split(separator: "HTTP/1.1 ").compactMap { Int($0.prefix(3)) }
    }
}

extension RawClient: WireClient {
    func isReset(_ error: any Error) -> Bool {
        if case Failure.reset = error { true } else { false }
    }
}

/// Runs blocking `body` on a thread that no task needs.
func blocking<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        DispatchQueue(label: "client").async {
            continuation.resume(with: Swift.Result { try body() })
        }
    }
}

/// Carries a client from one blocking script to the next; never used by two at once.
struct Kept: @unchecked Sendable {
    let value: RawClient

    init(_ value: RawClient) { self.value = value }
}

/// Lets time pass in a blocking script, where the passing itself is what is tested.
func pause(milliseconds: UInt32) {
    usleep(milliseconds * 1000)
}
