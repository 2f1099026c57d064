import Glibc
import HTTP

/// The octets of answers that the socket has not taken yet, in order.
///
/// Heads and small bodies are written side by side into one buffer, so that a batch of pipelined answers is one send;
/// large bodies stay where they are and go out beside it without a copy.
struct OutputQueue {
    /// Bodies of up to so many octets are copied into the buffer: cheaper than a piece of their own.
    static let copyLimit = 16_384
    /// Buffers that a loop keeps for the next to write.
    private static let maxSpares = 16
    private static let maxSpareByteCount = 262_144
    /// The most pieces in one system call.
    private static let maxPieces = 64

    /// A large body, and where in the buffer it belongs.
    private struct Large {
        let position: Int
        var content: Content
    }

    private enum Content {
        case bytes([UInt8])
        case shared(SharedBytes)

        var count: Int {
            switch self {
            case .bytes(let bytes): bytes.count
            case .shared(let shared): shared.buffer.count
            }
        }

        func withBytes(_ body: (UnsafeRawBufferPointer) -> Void) {
            switch self {
            case .bytes(let bytes): bytes.withUnsafeBytes(body)
            case .shared(let shared): body(shared.buffer)
            }
        }
    }

    /// Heads and small bodies; append to it through `write`.
    private var buffer: [UInt8] = []
    private var large: [Large] = []
    private var bufferSent = 0
    private var largeIndex = 0
    private var largeSent = 0
    private var largeCount = 0
    private var heldLargeCount = 0

    /// The octets that wait.
    var count: Int { buffer.count - bufferSent + largeCount }

    /// The octets in memory: a large body stays whole until its last octet is sent.
    var heldCount: Int { isEmpty ? 0 : buffer.count + heldLargeCount }

    var isEmpty: Bool { count == 0 }

    /// Lets `body` append octets.
    mutating func write(_ body: (inout [UInt8]) -> Void) {
        body(&buffer)
    }

    mutating func append(_ bytes: [UInt8]) {
        guard bytes.count > Self.copyLimit else { return buffer.append(contentsOf: bytes) }
        append(.bytes(bytes))
    }

    mutating func append(_ shared: SharedBytes) {
        guard shared.buffer.count > Self.copyLimit else { return buffer.append(contentsOf: shared.buffer) }
        append(.shared(shared))
    }

    private mutating func append(_ content: Content) {
        large.append(Large(position: buffer.count, content: content))
        largeCount += content.count
        heldLargeCount += content.count
    }

    /// Hands the first pieces to `send` and forgets as many octets as it says it took.
    mutating func flush(_ send: (UnsafeBufferPointer<iovec>) -> Transfer) -> Transfer {
        let outcome = largeIndex == large.count ? sendBuffer(send) : sendPieces(send)
        if case .moved(let count) = outcome { drop(count) }
        return outcome
    }

    private func sendBuffer(_ send: (UnsafeBufferPointer<iovec>) -> Transfer) -> Transfer {
        buffer.withUnsafeBytes { bytes in
            let rest = UnsafeRawBufferPointer(rebasing: bytes[bufferSent...])
            return withUnsafePointer(to: iovec(rest)) { send(UnsafeBufferPointer(start: $0, count: 1)) }
        }
    }

    /// The pointers are valid while `self` is borrowed: the queue holds the arrays and the owners.
    private func sendPieces(_ send: (UnsafeBufferPointer<iovec>) -> Transfer) -> Transfer {
        buffer.withUnsafeBytes { bytes in
            withUnsafeTemporaryAllocation(of: iovec.self, capacity: Self.maxPieces) { pieces in
                var count = 0
                func add(_ piece: UnsafeRawBufferPointer) {
                    guard !piece.isEmpty, count < pieces.count else { return }
                    pieces.initializeElement(at: count, to: iovec(piece))
                    count += 1
                }
                var position = bufferSent
                for index in largeIndex..<large.count where count + 2 <= pieces.count {
                    let item = large[index]
                    add(UnsafeRawBufferPointer(rebasing: bytes[position..<item.position]))
                    let sent = index == largeIndex ? largeSent : 0
                    item.content.withBytes { add(UnsafeRawBufferPointer(rebasing: $0[sent...])) }
                    position = item.position
                }
                return send(UnsafeBufferPointer(rebasing: pieces[..<count]))
            }
        }
    }

    private mutating func drop(_ total: Int) {
        var rest = total
        while rest > 0, largeIndex < large.count {
            let item = large[largeIndex]
            let before = min(rest, item.position - bufferSent)
            bufferSent += before
            rest -= before
            let taken = min(rest, item.content.count - largeSent)
            largeSent += taken
            largeCount -= taken
            rest -= taken
            guard largeSent == item.content.count else { return }
            large[largeIndex].content = .bytes([])
            heldLargeCount -= item.content.count
            largeIndex += 1
            largeSent = 0
        }
        bufferSent += rest
        compact()
    }

    private mutating func compact() {
        if largeIndex == large.count, !large.isEmpty {
            large.removeAll()
            largeIndex = 0
        }
        if bufferSent == buffer.count {
            guard large.isEmpty else { return }
            buffer.removeAll(keepingCapacity: true)
            bufferSent = 0
        } else if bufferSent > 65_536, large.isEmpty {
            buffer.removeFirst(bufferSent)
            bufferSent = 0
        }
    }

    /// Takes over the memory of one of `spares`; the loop lends it to whichever connections write.
    mutating func borrow(_ spares: inout [[UInt8]]) {
        guard buffer.capacity == 0, let spare = spares.popLast() else { return }
        buffer = spare
    }

    /// Gives the memory back once nothing waits in it.
    mutating func giveBack(_ spares: inout [[UInt8]]) {
        guard isEmpty, large.isEmpty, buffer.capacity > 0 else { return }
        buffer.removeAll(keepingCapacity: true)
        bufferSent = 0
        if spares.count < Self.maxSpares, buffer.capacity <= Self.maxSpareByteCount { spares.append(buffer) }
        buffer = []
    }
}

extension iovec {
    init(_ bytes: UnsafeRawBufferPointer) {
        self.init(iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress), iov_len: bytes.count)
    }
}
