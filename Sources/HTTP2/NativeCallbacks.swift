import CNGHTTP2

/// What all sessions share with libnghttp2: what it calls, and each calls the session that it was made for.
///
/// Unchecked: both are written to in `init` alone, and copied by each new session.
struct NativeCallbacks: @unchecked Sendable {
    static let shared = NativeCallbacks()

    let callbacks: OpaquePointer?
    let options: OpaquePointer?

    private init() {
        var callbacks: OpaquePointer?
        nghttp2_session_callbacks_new(&callbacks)
        nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, beginHeaders)
        nghttp2_session_callbacks_set_on_header_callback(callbacks, header)
        nghttp2_session_callbacks_set_on_invalid_header_callback(callbacks, invalidHeader)
        nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, receivedFrame)
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, receivedData)
        nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, streamClosed)
        nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, sentFrame)
        nghttp2_session_callbacks_set_send_data_callback(callbacks, sendData)
        self.callbacks = callbacks
        var options: OpaquePointer?
        nghttp2_option_new(&options)
        nghttp2_option_set_no_auto_window_update(options, 1)
        self.options = options
    }

    /// Brings the content of answers.
    static var contentProvider: nghttp2_data_provider {
        nghttp2_data_provider(source: nghttp2_data_source(), read_callback: readData)
    }
}

private func owner(_ user: UnsafeMutableRawPointer?) -> HTTP2Session? {
    user.map { Unmanaged<HTTP2Session>.fromOpaque($0).takeUnretainedValue() }
}

/// What a callback returns of which the session has made an end.
private let failure = NGHTTP2_ERR_CALLBACK_FAILURE.rawValue

private let beginHeaders: nghttp2_on_begin_headers_callback = { _, frame, user in
    guard let frame = frame?.pointee, let session = owner(user) else { return 0 }
    session.beginHeaders(frame.hd.stream_id, isRequest: frame.headers.cat == NGHTTP2_HCAT_REQUEST)
    return 0
}

private let header: nghttp2_on_header_callback = { _, frame, name, nameCount, value, valueCount, _, user in
    guard let id = frame?.pointee.hd.stream_id, let session = owner(user) else { return 0 }
    let isTaken = session.header(
        id,
        UnsafeBufferPointer(start: name, count: nameCount),
        UnsafeBufferPointer(start: value, count: valueCount)
    )
    return isTaken ? 0 : failure
}

/// A field that cannot be is not left out but ends its stream (RFC 9113 8.1.1).
private let invalidHeader: nghttp2_on_invalid_header_callback = { _, _, _, _, _, _, _, _ in
    NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue
}

private let receivedFrame: nghttp2_on_frame_recv_callback = { _, frame, user in
    guard let frame = frame?.pointee, let session = owner(user) else { return 0 }
    let id = frame.hd.stream_id
    let endsStream = UInt32(frame.hd.flags) & NGHTTP2_FLAG_END_STREAM.rawValue != 0
    switch FrameHead.Kind(rawValue: frame.hd.type) {
    case .headers: session.receivedHeaders(id, endsStream: endsStream)
    case .data: if endsStream { session.receivedEnd(id) }
    case .reset: return session.receivedReset(id) ? 0 : failure
    case .ping: if UInt32(frame.hd.flags) & NGHTTP2_FLAG_ACK.rawValue != 0 { session.receivedPong() }
    default: break
    }
    return 0
}

private let receivedData: nghttp2_on_data_chunk_recv_callback = { _, _, id, octets, count, user in
    owner(user)?.receivedData(id, UnsafeBufferPointer(start: octets, count: count))
    return 0
}

private let streamClosed: nghttp2_on_stream_close_callback = { _, id, _, user in
    owner(user)?.streamClosed(id)
    return 0
}

private let sentFrame: nghttp2_on_frame_send_callback = { _, frame, user in
    guard let frame = frame?.pointee, let session = owner(user) else { return 0 }
    let endsStream = UInt32(frame.hd.flags) & NGHTTP2_FLAG_END_STREAM.rawValue != 0
    switch FrameHead.Kind(rawValue: frame.hd.type) {
    case .headers: session.sent(frame.hd.stream_id, isData: false, endsStream: endsStream)
    case .data: session.sent(frame.hd.stream_id, isData: true, endsStream: endsStream)
    case .reset: session.sentReset(frame.rst_stream.error_code)
    default: break
    }
    return 0
}

private let readData: nghttp2_data_source_read_callback = { _, id, _, limit, flags, _, user in
    guard let flags, let session = owner(user) else { return Int(failure) }
    switch session.offer(id, atMost: limit) {
    case .gone: return Int(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue)
    case .later: return Int(NGHTTP2_ERR_DEFERRED.rawValue)
    case .octets(let count, let end):
        flags.pointee |= NGHTTP2_DATA_FLAG_NO_COPY.rawValue
        if end != .notYet { flags.pointee |= NGHTTP2_DATA_FLAG_EOF.rawValue }
        if end == .beforeTrailers { flags.pointee |= NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue }
        return count
    }
}

private let sendData: nghttp2_send_data_callback = { _, frame, head, count, _, user in
    guard let id = frame?.pointee.hd.stream_id, let head, let session = owner(user) else { return failure }
    switch session.send(id, head: UnsafeBufferPointer(start: head, count: FrameHead.byteCount), count: count) {
    case .sent: return 0
    case .later: return NGHTTP2_ERR_WOULDBLOCK.rawValue
    case .gone: return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue
    }
}
