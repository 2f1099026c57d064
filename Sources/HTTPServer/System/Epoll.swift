import CLinux
import Glibc

/// The kernel's list of sockets to watch, and the buffer its reports come in.
struct Epoll: ~Copyable {
    /// What a registration wants to hear of.
    struct Interest: OptionSet {
        let rawValue: UInt32

        static let readable = Interest(rawValue: EPOLLIN.rawValue)
        static let writable = Interest(rawValue: EPOLLOUT.rawValue)
        static let peerHalfClosed = Interest(rawValue: EPOLLRDHUP.rawValue)
        /// Both directions are down: a reset, or a close after our own shutdown.
        static let hungUp = Interest(rawValue: EPOLLHUP.rawValue | EPOLLERR.rawValue)
        /// Report a change once, not a state for ever: one registration serves a connection's whole life.
        static let edgeTriggered = Interest(rawValue: EPOLLET.rawValue)

        func overlaps(_ other: Interest) -> Bool { rawValue & other.rawValue != 0 }
    }

    let descriptor: Descriptor
    private let events: UnsafeMutableBufferPointer<epoll_event>

    init(capacity: Int = 256) throws(ServerError) {
        let number = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard number >= 0 else { throw .systemCall("epoll_create1", errno) }
        descriptor = Descriptor(adopting: number)
        events = .allocate(capacity: capacity)
        events.initialize(repeating: epoll_event())
    }

    deinit {
        events.deallocate()
    }

    /// Watches `number` with reports that carry `token`, and returns `errno`, 0 for success.
    func add(_ number: Int32, _ interest: Interest, token: UInt64) -> Int32 {
        control(EPOLL_CTL_ADD, number, interest, token)
    }

    /// Replaces what is watched of `number`.
    func change(_ number: Int32, _ interest: Interest, token: UInt64) {
        _ = control(EPOLL_CTL_MOD, number, interest, token)
    }

    private func control(_ operation: Int32, _ number: Int32, _ interest: Interest, _ token: UInt64) -> Int32 {
        var event = epoll_event(events: interest.rawValue, data: epoll_data_t(u64: token))
        return epoll_ctl(descriptor.number, operation, number, &event) == 0 ? 0 : errno
    }

    /// Whether the peer of the socket `number` has ended its direction, as far as the kernel knows now.
    static func hasPeerEnded(_ number: Int32) -> Bool {
        // poll's name for it is hidden in Glibc; its bits are epoll's.
        let bits = Int16(truncatingIfNeeded: Interest.peerHalfClosed.rawValue)
        var look = pollfd(fd: number, events: bits, revents: 0)
        return poll(&look, 1, 0) == 1 && look.revents & bits != 0
    }

    /// Takes what is ready now or, at the latest, after `milliseconds`, and returns how many reports there are.
    func takeReady(within milliseconds: Int32 = 0) -> Int {
        max(0, Int(epoll_wait(descriptor.number, events.baseAddress, Int32(events.count), milliseconds)))
    }

    /// Returns report `index` of the last `takeReady()`.
    func report(_ index: Int) -> (token: UInt64, interest: Interest) {
        let event = events[index]
        return (event.data.u64, Interest(rawValue: event.events))
    }
}
