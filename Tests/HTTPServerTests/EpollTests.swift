import Glibc
import Testing

@testable import HTTPServer

/// What the kernel says of a socket without a report.
struct EpollTests {
    /// The end of a direction shows before what came ahead of it is read, and as long as the socket is there.
    @Test(arguments: [0, 100_000]) func theEndOfADirectionShowsAtOnce(unread: Int) {
        var pair: [Int32] = [0, 0]
        #expect(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &pair) == 0)
        let near = Descriptor(adopting: pair[0])
        let far = Descriptor(adopting: pair[1])
        var bytes = [UInt8](repeating: 1, count: max(1, unread))
        if unread > 0 { #expect(send(far.number, bytes, unread, 0) == unread) }
        #expect(!Epoll.hasPeerEnded(near.number))
        shutdown(far.number, Int32(SHUT_WR))
        #expect(Epoll.hasPeerEnded(near.number))
        while recv(near.number, &bytes, bytes.count, 0) > 0 {}
        #expect(Epoll.hasPeerEnded(near.number))
        #expect(!Epoll.hasPeerEnded(far.number))
        #expect(!Epoll.hasPeerEnded(-1))
    }
}
