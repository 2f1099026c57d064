import CNGHTTP2
import HTTP

/// libnghttp2's side of one connection: frames, header compression, windows.
///
/// What it finds in octets it reports to the object that it was made for, while it works.
struct NativeSession: ~Copyable {
    /// Why octets are not read on.
    enum Failure {
        case badPreface
        case flooded
        case other
    }

    private let pointer: OpaquePointer?

    /// Creates what stands for a session until its owner is there.
    init() { pointer = nil }

    /// Creates a session that reports to `owner`, which holds on to it.
    init(reportingTo owner: HTTP2Session) {
        var pointer: OpaquePointer?
        let user = Unmanaged.passUnretained(owner).toOpaque()
        let shared = NativeCallbacks.shared
        let failure = nghttp2_session_server_new2(&pointer, shared.callbacks, user, shared.options)
        self.pointer = failure == 0 ? pointer : nil
    }

    deinit {
        nghttp2_session_del(pointer)
    }

    /// Whether there is none, for lack of memory.
    var isMissing: Bool { pointer == nil }
    var wantsToRead: Bool { nghttp2_session_want_read(pointer) != 0 }
    var wantsToWrite: Bool { nghttp2_session_want_write(pointer) != 0 }
    /// The last stream that was taken up.
    var lastStream: Int32 { nghttp2_session_get_last_proc_stream_id(pointer) }

    /// Tells the client what holds here.
    func begin(_ settings: HTTP2Settings, maxHeadBytes: Int) {
        let values = [
            (NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, settings.maxStreams),
            (NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, settings.streamWindow),
            (NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, maxHeadBytes),
        ]
        let entries = values.map { name, value in
            nghttp2_settings_entry(settings_id: Int32(name.rawValue), value: UInt32(clamping: value))
        }
        nghttp2_submit_settings(pointer, Self.noFlags, entries, entries.count)
        nghttp2_session_set_local_window_size(pointer, Self.noFlags, 0, Int32(clamping: settings.connectionWindow))
    }

    private static let noFlags = UInt8(NGHTTP2_FLAG_NONE.rawValue)

    // MARK: Reading

    func receive(_ octets: Span<UInt8>) -> Failure? {
        let count = octets.withUnsafeBufferPointer { nghttp2_session_mem_recv(pointer, $0.baseAddress, $0.count) }
        guard count < 0 else { return nil }
        return switch nghttp2_error(rawValue: Int32(count)) {
        case NGHTTP2_ERR_BAD_CLIENT_MAGIC: .badPreface
        case NGHTTP2_ERR_FLOODED, NGHTTP2_ERR_TOO_MANY_CONTINUATIONS: .flooded
        default: .other
        }
    }

    /// Opens the window of a stream by octets that were taken.
    func consume(_ count: Int, of stream: Int32) { nghttp2_session_consume_stream(pointer, stream, count) }

    /// Opens the window of the connection.
    func consume(_ count: Int) { nghttp2_session_consume_connection(pointer, count) }

    // MARK: Writing

    /// Submits the head of an answer; content that follows is asked for when there is room for it.
    func answer(_ stream: Int32, with list: FieldList, hasContent: Bool) {
        list.withLines { lines in
            guard hasContent else {
                _ = nghttp2_submit_response(pointer, stream, lines.baseAddress, lines.count, nil)
                return
            }
            var provider = NativeCallbacks.contentProvider
            _ = nghttp2_submit_response(pointer, stream, lines.baseAddress, lines.count, &provider)
        }
    }

    /// Submits what follows the content of an answer.
    func end(_ stream: Int32, with trailers: FieldList) {
        trailers.withLines { _ = nghttp2_submit_trailer(pointer, stream, $0.baseAddress, $0.count) }
    }

    /// Tells a client that waits with its content to send it.
    func sendContinue(on stream: Int32) {
        var list = FieldList()
        list.set(status: 100)
        list.withLines {
            _ = nghttp2_submit_headers(pointer, Self.noFlags, stream, nil, $0.baseAddress, $0.count, nil)
        }
    }

    /// Asks again for the content of a stream that had none.
    func resume(_ stream: Int32) { nghttp2_session_resume_data(pointer, stream) }

    func reset(_ stream: Int32, _ code: HTTP2ErrorCode) {
        nghttp2_submit_rst_stream(pointer, Self.noFlags, stream, code.rawValue)
    }

    /// Tells the client to open no more streams, and asks for a sign that it knows.
    func announceEnd() {
        let opaque = Array("draining".utf8)
        nghttp2_submit_shutdown_notice(pointer)
        nghttp2_submit_ping(pointer, Self.noFlags, opaque)
    }

    /// Tells the client that streams beyond `last` are not served.
    func end(after last: Int32) {
        nghttp2_submit_goaway(pointer, Self.noFlags, last, HTTP2ErrorCode.noError.rawValue, nil, 0)
    }

    /// Calls `body` with the next octets to send, if there are some; false if the session is of no use any more.
    func withNextFrame(_ body: (UnsafeBufferPointer<UInt8>) -> Void) -> Bool {
        var frame: UnsafePointer<UInt8>?
        let count = nghttp2_session_mem_send(pointer, &frame)
        if count > 0, let frame { body(UnsafeBufferPointer(start: frame, count: count)) }
        return count >= 0
    }
}

extension FieldList {
    /// Calls `body` with the lines, of which libnghttp2 makes copies.
    fileprivate func withLines(_ body: (UnsafeMutableBufferPointer<nghttp2_nv>) -> Void) {
        octets.withUnsafeBufferPointer { octets in
            withUnsafeTemporaryAllocation(of: nghttp2_nv.self, capacity: lines.count) { target in
                guard let base = UnsafeMutablePointer(mutating: octets.baseAddress) else { return }
                for (index, line) in lines.enumerated() {
                    target.initializeElement(
                        at: index,
                        to: nghttp2_nv(
                            name: base + line.name.lowerBound,
                            value: base + line.value.lowerBound,
                            namelen: line.name.count,
                            valuelen: line.value.count,
                            flags: Self.flags(of: octets[line.name])
                        )
                    )
                }
                body(target)
            }
        }
    }

    /// A number that no answer shares with another is not worth a place in the client's table.
    private static func flags(of name: Slice<UnsafeBufferPointer<UInt8>>) -> UInt8 {
        let isNumber = name.first == UInt8(ascii: "x") && name.elementsEqual("x-request-id".utf8)
        return UInt8((isNumber ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE).rawValue)
    }
}
