import Glibc

/// A socket as it is.
final class PlainStream: ByteStream {
    private let descriptor: Descriptor

    init(_ descriptor: consuming Descriptor) {
        self.descriptor = descriptor
    }

    var number: Int32 { descriptor.number }

    var shortReadEmpties: Bool { true }

    var peerName: String? { nil }

    func open() -> Opening { .done }

    var choseHTTP2: Bool? { nil }

    func peek(into buffer: UnsafeMutableRawBufferPointer) -> Transfer {
        transfer { recv(number, buffer.baseAddress, buffer.count, Int32(MSG_PEEK)) }
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> Transfer {
        transfer { recv(number, buffer.baseAddress, buffer.count, 0) }
    }

    func write(_ pieces: UnsafeBufferPointer<iovec>) -> Transfer {
        transfer {
            if pieces.count == 1 {
                return send(number, pieces[0].iov_base, pieces[0].iov_len, Int32(MSG_NOSIGNAL))
            }
            var message = msghdr()
            message.msg_iov = UnsafeMutablePointer(mutating: pieces.baseAddress)
            message.msg_iovlen = pieces.count
            return sendmsg(number, &message, Int32(MSG_NOSIGNAL))
        }
    }

    func endWriting() {
        shutdown(number, Int32(SHUT_WR))
    }

    private func transfer(_ call: () -> Int) -> Transfer {
        while true {
            let count = call()
            if count > 0 { return .moved(count) }
            if count == 0 { return .ended }
            switch errno {
            case EINTR: continue
            case EAGAIN, EWOULDBLOCK: return .wouldBlock
            default: return .failed
            }
        }
    }
}
