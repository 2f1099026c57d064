import Glibc

/// The output of the process that is meant for its log.
package enum StandardError {
    /// Writes `bytes` and returns how many of them nobody took.
    package static func write(_ bytes: [UInt8]) -> Int {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if count < 0 && errno == EAGAIN {
                waitForRoom()
            } else if count == 0 || errno != EINTR {
                return rest.count
            }
        }
        return 0
    }

    /// Waits for an output that somebody made non-blocking, as a terminal shared with other programs may be.
    private static func waitForRoom() {
        var output = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
        poll(&output, 1, -1)
    }
}
