import CNGHTTP2
package import HTTP
import HTTPTypes

/// HTTP/2 on one connection, without a socket or a clock: octets in, requests out; answers in, octets out.
///
/// The framing is libnghttp2's, whose callbacks reach this object while it works. One loop uses it, one call at a time.
package final class HTTP2Session {
    /// What a client sends first.
    package static let preface = FrameScanner.preface

    private let limits: ServerLimits
    private let settings: HTTP2Settings
    /// Who is on the other side.
    package let client: Client
    /// Whether a request is to be answered while its body comes.
    private let streamsBody: @Sendable (RequestOutline) -> Bool
    /// Whether one more stream may be opened; asked once for each.
    package var admits: () -> Bool = { true }
    /// Returns what is to be called with the octets that the reader of a stream's body takes, from whatever thread.
    package var whenTaken: (Int32) -> @Sendable (Int) -> Void = { _ in { _ in } }

    private var native: OpaquePointer?
    // Used for each frame, in one call at a time: the checks of exclusive access cost 5% of a small answer.
    @exclusivity(unchecked) private var scanner = FrameScanner()
    @exclusivity(unchecked) private var guardian = FrameGuard()
    private var order = StreamOrder()
    /// The time of the present call.
    @exclusivity(unchecked) private(set) var now: Int64 = 0
    /// The size of the header block that is being read.
    private var blockByteCount = 0
    /// Streams whose heads came in this call, to be answered while their bodies come unless these come in it too.
    @exclusivity(unchecked) private var opened: [HTTP2Stream] = []
    /// What goes out in place of all else: the last frame.
    @exclusivity(unchecked) private var farewell: [UInt8]?
    private var isBroken = false

    /// The streams that are open.
    @exclusivity(unchecked) package private(set) var streams: [Int32: HTTP2Stream] = [:]
    /// Streams with a request, or with a reason to refuse it, in the order they are to be answered.
    @exclusivity(unchecked) private var ready: [HTTP2Stream] = []
    @exclusivity(unchecked) private var readyIndex = 0
    /// Streams that are over and of which `takeClosed` has not told.
    @exclusivity(unchecked) private var closed: [HTTP2Stream] = []

    /// Octets of bodies in memory whose requests are not answered.
    @exclusivity(unchecked) package private(set) var heldBodyBytes = 0
    /// Octets of answers in memory that the client has not taken.
    @exclusivity(unchecked) package private(set) var heldAnswerBytes = 0
    /// The octets of these that wait.
    @exclusivity(unchecked) package private(set) var waitingAnswerBytes = 0
    /// When the header block began that has not come whole.
    package private(set) var blockStart: Int64?
    /// When the last stream ended.
    package private(set) var idleStart: Int64
    /// How far a drain has come.
    package private(set) var drain = Drain.none
    private var lastServed = Int32.max
    /// Frames for streams that came too late.
    private var late: [UInt8] = []

    /// How far a drain has come.
    package enum Drain: Equatable {
        case none
        /// The client knows that it should open no more streams; those it has opened since may be on their way.
        case announced(at: Int64)
        /// The client knows which stream is the last that is served.
        case final
    }

    /// Where octets to send are gathered while `produce` runs.
    @exclusivity(unchecked) fileprivate var output: [UInt8] = []
    fileprivate var outputLimit = 0

    package init(
        limits: ServerLimits,
        settings: HTTP2Settings,
        client: Client,
        streamsBody: @escaping @Sendable (RequestOutline) -> Bool,
        at now: Int64
    ) {
        self.limits = limits
        self.settings = settings
        self.client = client
        self.streamsBody = streamsBody
        self.now = now
        idleStart = now
        let user = Unmanaged.passUnretained(self).toOpaque()
        guard nghttp2_session_server_new2(&native, Native.shared.callbacks, user, Native.shared.options) == 0 else {
            isBroken = true
            return
        }
        var entries = [
            nghttp2_settings_entry(
                settings_id: Int32(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS.rawValue),
                value: UInt32(clamping: settings.maxStreams)
            ),
            nghttp2_settings_entry(
                settings_id: Int32(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE.rawValue),
                value: UInt32(clamping: settings.streamWindow)
            ),
            nghttp2_settings_entry(
                settings_id: Int32(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE.rawValue),
                value: UInt32(clamping: limits.maxHeadBytes)
            ),
        ]
        let flags = UInt8(NGHTTP2_FLAG_NONE.rawValue)
        nghttp2_submit_settings(native, flags, &entries, entries.count)
        nghttp2_session_set_local_window_size(native, flags, 0, Int32(clamping: settings.connectionWindow))
    }

    deinit {
        nghttp2_session_del(native)
    }

    /// Whether nothing more is read.
    package var isEnding: Bool {
        isBroken || farewell != nil || nghttp2_session_want_read(native) == 0
    }

    /// Whether all is said, and only what `produce` has given is to be sent.
    package var isOver: Bool {
        if isBroken { return true }
        guard farewell == nil, late.isEmpty else { return false }
        return nghttp2_session_want_read(native) == 0 && nghttp2_session_want_write(native) == 0
    }

    /// Streams that are read or answered.
    package var openCount: Int { streams.count }
}

// Reading.
extension HTTP2Session {
    /// Takes up octets that came.
    package func receive(_ octets: Span<UInt8>, at now: Int64) {
        guard !isEnding else { return }
        self.now = now
        var scanner = scanner
        var violation: Violation?
        let (head, range) = scanner.scan(octets) { frame in
            violation = note(frame)
            return violation == nil
        }
        self.scanner = scanner
        if !head.isEmpty { feed(head.span) }
        if !range.isEmpty { feed(octets.extracting(range)) }
        if let violation { end(violation.code, violation.reason) }
        if !scanner.isInHeaderBlock { blockStart = nil }
        for stream in opened { handOutOpened(stream) }
        opened.removeAll(keepingCapacity: true)
    }

    private func feed(_ octets: Span<UInt8>) {
        guard farewell == nil else { return }
        let count = octets.withUnsafeBufferPointer { nghttp2_session_mem_recv(native, $0.baseAddress, $0.count) }
        guard count < 0 else { return }
        switch nghttp2_error(rawValue: Int32(count)) {
        case NGHTTP2_ERR_BAD_CLIENT_MAGIC: end(.protocolError, "bad_preface")
        case NGHTTP2_ERR_FLOODED, NGHTTP2_ERR_TOO_MANY_CONTINUATIONS: end(.enhanceYourCalm, "too_many_frames")
        default: end(.internalError, "")
        }
    }

    /// Why the connection ends at a frame.
    private struct Violation {
        let code: HTTP2ErrorCode
        let reason: String
    }

    /// Counts a frame before anything is done about it, and says why if it was one too many.
    private func note(_ frame: FrameHead) -> Violation? {
        if frame.kind == .headers {
            blockStart = now
            guard order.begins(frame.stream) else {
                return Violation(code: .protocolError, reason: "stream_out_of_order")
            }
            if drain == .final, frame.stream > lastServed { refuseLate(frame.stream) }
        }
        guard case .calm(let reason) = guardian.receive(frame, at: now) else { return nil }
        return Violation(code: .enhanceYourCalm, reason: reason)
    }

    /// Refuses a stream that came behind the last; libnghttp2, which ignores it, says nothing on it either.
    private func refuseLate(_ id: Int32) {
        late += [0, 0, 4, FrameHead.Kind.reset.rawValue, 0]
        for number in [UInt32(bitPattern: id), HTTP2ErrorCode.refusedStream.rawValue] {
            for shift in [24, 16, 8, 0] { late.append(UInt8(truncatingIfNeeded: number >> UInt32(shift))) }
        }
        _ = follow(guardian.reset(at: now))
    }

    private func follow(_ verdict: FrameGuard.Verdict) -> Bool {
        guard case .calm(let reason) = verdict else { return true }
        end(.enhanceYourCalm, reason)
        return false
    }

    /// Takes the next stream that is to be answered.
    package func takeReady() -> (stream: HTTP2Stream, work: Work)? {
        while readyIndex < ready.count {
            let stream = ready[readyIndex]
            readyIndex += 1
            if readyIndex == ready.count {
                ready.removeAll(keepingCapacity: true)
                readyIndex = 0
            }
            guard !stream.isClosed else { continue }
            if let refusal = stream.refusal { return (stream, .refusal(refusal)) }
            guard let head = stream.head else { continue }
            var body: [UInt8] = []
            swap(&body, &stream.body)
            let client = Client(streamOf: client)
            stream.client = client
            if self.client.isGone { client.hasGone() }
            let request = head.request(body: body, stream: stream.incoming, client: client, arrival: stream.arrival)
            return (stream, .request(request))
        }
        return nil
    }

    /// What is to be said on a stream.
    package enum Work {
        case request(Request)
        case refusal(Refusal)
    }

    /// Whether a stream waits to be answered.
    package var hasReady: Bool { readyIndex < ready.count }

    /// Tells those who work on requests that their client has most likely gone.
    package func clientHasGone() {
        for stream in streams.values { stream.client?.hasGone() }
    }

    /// Lets go of everything: the connection is closed.
    package func close() {
        isBroken = true
        for stream in streams.values {
            stream.isClosed = true
            stream.client?.hasGone()
            stream.incoming?.fail(.cancelled)
        }
        streams = [:]
        ready = []
        readyIndex = 0
        (heldBodyBytes, heldAnswerBytes, waitingAnswerBytes) = (0, 0, 0)
    }

    /// Takes the streams that are over since the last call.
    package func takeClosed() -> [HTTP2Stream] {
        guard !closed.isEmpty else { return [] }
        var taken: [HTTP2Stream] = []
        swap(&taken, &closed)
        return taken
    }

    /// Says no to the request of a stream, unless something has been said of it.
    package func refuse(_ stream: HTTP2Stream, _ refusal: Refusal) {
        stream.reading = .ended
        releaseBody(of: stream)
        stream.body = []
        guard !stream.isHandedOut, !stream.isClosed else { return }
        stream.isHandedOut = true
        stream.refusal = refusal
        ready.append(stream)
    }

    private func handOut(_ stream: HTTP2Stream) {
        guard !stream.isHandedOut else { return }
        stream.isHandedOut = true
        ready.append(stream)
    }

    private func handOutOpened(_ stream: HTTP2Stream) {
        guard stream.reading == .body, !stream.isHandedOut, !stream.isClosed else { return }
        let incoming = RequestStream(whenTaken: whenTaken(stream.id))
        stream.body.withUnsafeBufferPointer { incoming.append($0) }
        stream.body = []
        if drain == .final { incoming.drain() }
        stream.incoming = incoming
        handOut(stream)
    }

    /// The reader of a body has taken octets: the window of the stream grows by them.
    package func taken(_ count: Int, of stream: HTTP2Stream) {
        let count = min(count, stream.heldBodyBytes)
        stream.heldBodyBytes -= count
        heldBodyBytes -= count
        if !stream.isClosed { nghttp2_session_consume_stream(native, stream.id, count) }
    }

    /// Counts the body of an answered request no longer.
    package func releaseBody(of stream: HTTP2Stream) {
        heldBodyBytes -= stream.heldBodyBytes
        if stream.isUnconsumed, !stream.isClosed {
            nghttp2_session_consume_stream(native, stream.id, stream.heldBodyBytes)
        }
        stream.heldBodyBytes = 0
    }
}

// What libnghttp2 reports; each returns what its callback does.
extension HTTP2Session {
    private static let failure = NGHTTP2_ERR_CALLBACK_FAILURE.rawValue

    fileprivate func beginHeaders(_ id: Int32, isRequest: Bool) -> Int32 {
        blockByteCount = 0
        guard isRequest else {
            streams[id]?.trailerBlock = TrailerBlock(limits: limits)
            return 0
        }
        guard admits() else {
            reset(id, .refusedStream)
            return 0
        }
        streams[id] = HTTP2Stream(id: id, limits: limits, now: now)
        return 0
    }

    fileprivate func header(
        _ id: Int32,
        _ name: UnsafeBufferPointer<UInt8>,
        _ value: UnsafeBufferPointer<UInt8>
    ) -> Int32 {
        blockByteCount += name.count + value.count + 32
        guard blockByteCount <= settings.maxListBytes else {
            end(.enhanceYourCalm, "header_list_too_large")
            return Self.failure
        }
        guard let stream = streams[id] else { return 0 }
        if stream.reading == .head {
            stream.block.append(name: name, value: value)
        } else {
            stream.trailerBlock?.append(name: name, value: value)
        }
        return 0
    }

    fileprivate func receivedHeaders(_ id: Int32, endsStream: Bool) {
        guard let stream = streams[id] else { return }
        if endsStream { stream.isRemoteOpen = false }
        stream.lastArrival = now
        guard stream.reading == .head else {
            if let failure = stream.trailerBlock?.failure { return refuse(stream, failure.refusal) }
            if endsStream { completed(stream) }
            return
        }
        do throws(RequestError) {
            let head = try stream.block.head()
            stream.head = head
            stream.reading = .body
            guard !endsStream else { return completed(stream) }
            if head.expectsContinue { sendContinue(on: id) }
            if streamsBody(head.outline) {
                stream.isUnconsumed = true
                opened.append(stream)
            }
        } catch {
            refuse(stream, error.refusal)
        }
    }

    private func sendContinue(on id: Int32) {
        withNames([(":status", "100")]) { lines in
            _ = nghttp2_submit_headers(
                native,
                UInt8(NGHTTP2_FLAG_NONE.rawValue),
                id,
                nil,
                lines.baseAddress,
                lines.count,
                nil
            )
        }
    }

    private func completed(_ stream: HTTP2Stream) {
        guard stream.reading == .body else { return }
        stream.reading = .ended
        if let incoming = stream.incoming {
            incoming.finish()
        } else {
            handOut(stream)
        }
    }

    fileprivate func receivedData(_ id: Int32, _ octets: UnsafeBufferPointer<UInt8>) {
        nghttp2_session_consume_connection(native, octets.count)
        guard let stream = streams[id], stream.reading == .body else {
            nghttp2_session_consume_stream(native, id, octets.count)
            return
        }
        stream.lastArrival = now
        stream.bodyByteCount += octets.count
        stream.heldBodyBytes += octets.count
        heldBodyBytes += octets.count
        if let incoming = stream.incoming { return incoming.append(octets) }
        if !stream.isUnconsumed {
            nghttp2_session_consume_stream(native, id, octets.count)
            guard stream.bodyByteCount <= limits.maxBodyBytes else {
                return refuse(stream, RequestError.bodyTooLarge(limit: limits.maxBodyBytes).refusal)
            }
        }
        stream.body.append(contentsOf: octets)
    }

    fileprivate func receivedEnd(_ id: Int32) {
        guard let stream = streams[id] else { return }
        stream.isRemoteOpen = false
        completed(stream)
    }

    fileprivate func receivedReset(_ id: Int32) -> Int32 {
        guard let stream = streams[id], !stream.isSent else { return 0 }
        return follow(guardian.reset(at: now)) ? 0 : Self.failure
    }

    fileprivate func receivedPong() {
        if case .announced = drain { finishDrain() }
    }

    fileprivate func streamClosed(_ id: Int32) {
        guard let stream = streams.removeValue(forKey: id) else { return }
        stream.isClosed = true
        dropAnswer(of: stream)
        stream.body = []
        stream.incoming?.fail(.cancelled)
        if !stream.isSent { stream.client?.hasGone() }
        if streams.isEmpty { idleStart = now }
        closed.append(stream)
    }

    fileprivate func sent(_ id: Int32, isData: Bool, endsStream: Bool) {
        guardian.sentAnswer(isData: isData)
        guard endsStream, let stream = streams[id] else { return }
        stream.isSent = true
        // The client need not send what nobody reads (RFC 9113 8.1).
        if stream.isRemoteOpen { reset(id, .noError) }
    }

    fileprivate func sentReset(_ code: UInt32) {
        guard code != HTTP2ErrorCode.noError.rawValue else { return }
        _ = follow(guardian.reset(at: now))
    }
}

// Writing.
extension HTTP2Session {
    /// Answers the request of a stream; what comes over time follows by `append` and `endStream`.
    package func answer(_ stream: HTTP2Stream, with response: Response, date: [UInt8], at now: Int64) {
        guard !stream.isClosed, !stream.isAnswered else { return }
        self.now = now
        stream.isAnswered = true
        stream.lastTaken = now
        let isEmpty = response.isOmitted(for: stream.outline?.method ?? .get) || response.body.count == 0
        let list = FieldList(response, date: date, endsThere: isEmpty)
        if !isEmpty { stream.trailers = response.trailers }
        if let deadline = response.deadline { stream.deadline = deadline.nanoseconds(at: now) }
        switch response.body {
        case _ where isEmpty: break
        case .none, .stream: break
        case .bytes(let bytes): stream.outgoing.append(bytes)
        case .shared(let shared): stream.outgoing.append(shared)
        }
        stream.outgoing.isComplete = isEmpty || !response.body.isStream
        heldAnswerBytes += stream.outgoing.heldCount
        waitingAnswerBytes += stream.outgoing.count
        withLines(of: list) { lines in
            guard !isEmpty else {
                _ = nghttp2_submit_response(native, stream.id, lines.baseAddress, lines.count, nil)
                return
            }
            var provider = nghttp2_data_provider(source: nghttp2_data_source(), read_callback: readData)
            _ = nghttp2_submit_response(native, stream.id, lines.baseAddress, lines.count, &provider)
        }
    }

    /// Adds a piece to an answer that comes over time.
    package func append(_ piece: [UInt8], to stream: HTTP2Stream, at now: Int64) {
        guard stream.isStreaming, !piece.isEmpty else { return }
        if stream.outgoing.count == 0 { stream.lastTaken = now }
        stream.outgoing.append(piece)
        heldAnswerBytes += piece.count
        waitingAnswerBytes += piece.count
        nghttp2_session_resume_data(native, stream.id)
    }

    /// Ends an answer that came over time.
    package func endStream(_ stream: HTTP2Stream, trailers: ResponseFields?) {
        guard stream.isStreaming else { return }
        if let trailers { stream.trailers = trailers }
        stream.outgoing.isComplete = true
        nghttp2_session_resume_data(native, stream.id)
    }

    /// Ends a stream whose answer will not be whole.
    package func reset(_ stream: HTTP2Stream, _ code: HTTP2ErrorCode) {
        guard !stream.isClosed else { return }
        reset(stream.id, code)
    }

    private func reset(_ id: Int32, _ code: HTTP2ErrorCode) {
        nghttp2_submit_rst_stream(native, UInt8(NGHTTP2_FLAG_NONE.rawValue), id, code.rawValue)
    }

    private func dropAnswer(of stream: HTTP2Stream) {
        heldAnswerBytes -= stream.outgoing.heldCount
        waitingAnswerBytes -= stream.outgoing.count
        stream.outgoing.drop()
    }

    /// Appends frames to `target` until it has about `limit` octets, or there are no more.
    package func produce(into target: inout [UInt8], atMost limit: Int, at now: Int64) {
        self.now = now
        if !isBroken, farewell == nil {
            target += late
            late = []
            swap(&target, &output)
            outputLimit = limit
            while output.count < limit {
                var frame: UnsafePointer<UInt8>?
                let count = nghttp2_session_mem_send(native, &frame)
                if count < 0 { isBroken = true }
                guard count > 0, let frame else { break }
                output.append(contentsOf: UnsafeBufferPointer(start: frame, count: count))
                if farewell != nil { break }
            }
            swap(&target, &output)
        }
        if let farewell {
            target.append(contentsOf: farewell)
            self.farewell = nil
            isBroken = true
        }
    }

    fileprivate func read(_ id: Int32, atMost limit: Int, _ flags: inout UInt32) -> Int {
        guard let stream = streams[id] else { return Int(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue) }
        let count = min(limit, stream.outgoing.count)
        guard count > 0 || stream.outgoing.isComplete else { return Int(NGHTTP2_ERR_DEFERRED.rawValue) }
        flags |= NGHTTP2_DATA_FLAG_NO_COPY.rawValue
        guard stream.outgoing.isComplete, count == stream.outgoing.count else { return count }
        flags |= NGHTTP2_DATA_FLAG_EOF.rawValue
        if let trailers = stream.trailers {
            flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue
            withLines(of: FieldList(trailers: trailers)) { lines in
                _ = nghttp2_submit_trailer(native, id, lines.baseAddress, lines.count)
            }
        }
        return count
    }

    fileprivate func send(_ id: Int32, head: UnsafePointer<UInt8>, count: Int) -> Int32 {
        guard output.count < outputLimit else { return NGHTTP2_ERR_WOULDBLOCK.rawValue }
        guard let stream = streams[id] else { return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue }
        output.append(contentsOf: UnsafeBufferPointer(start: head, count: FrameHead.byteCount))
        let held = stream.outgoing.heldCount
        stream.outgoing.move(count, to: &output)
        heldAnswerBytes -= held - stream.outgoing.heldCount
        waitingAnswerBytes -= count
        stream.lastTaken = now
        return 0
    }
}

// The end.
extension HTTP2Session {
    /// Ends the connection: its last frame says why.
    package func end(_ code: HTTP2ErrorCode, _ reason: String) {
        guard farewell == nil, !isBroken else { return }
        let last = UInt32(bitPattern: nghttp2_session_get_last_proc_stream_id(native))
        var frame: [UInt8] = []
        for number in [UInt32(8 + reason.utf8.count) << 8 | 7, 0] {
            for shift in [24, 16, 8, 0] { frame.append(UInt8(truncatingIfNeeded: number >> UInt32(shift))) }
        }
        frame.append(0)
        for number in [last, code.rawValue] {
            for shift in [24, 16, 8, 0] { frame.append(UInt8(truncatingIfNeeded: number >> UInt32(shift))) }
        }
        frame.append(contentsOf: reason.utf8)
        farewell = frame
    }

    /// Tells the client to open no more streams.
    package func beginDrain(at now: Int64) {
        guard drain == .none, !isEnding else { return }
        drain = .announced(at: now)
        let opaque = Array("draining".utf8)
        nghttp2_submit_shutdown_notice(native)
        nghttp2_submit_ping(native, UInt8(NGHTTP2_FLAG_NONE.rawValue), opaque)
    }

    /// Tells the client which stream is the last that is served; no more is read of those on which it owes nothing.
    package func finishDrain() {
        guard drain != .final, !isEnding else { return }
        drain = .final
        lastServed = nghttp2_session_get_last_proc_stream_id(native)
        let none = UInt8(NGHTTP2_FLAG_NONE.rawValue)
        nghttp2_submit_goaway(native, none, lastServed, HTTP2ErrorCode.noError.rawValue, nil, 0)
        for stream in streams.values { stream.incoming?.drain() }
    }
}

extension HTTP2Session {
    private func withLines(of list: FieldList, _ body: (UnsafeMutableBufferPointer<nghttp2_nv>) -> Void) {
        list.octets.withUnsafeBufferPointer { octets in
            withUnsafeTemporaryAllocation(of: nghttp2_nv.self, capacity: list.lines.count) { target in
                guard let base = UnsafeMutablePointer(mutating: octets.baseAddress) else { return }
                for (index, line) in list.lines.enumerated() {
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

    private func withNames(
        _ lines: [(StaticString, StaticString)],
        _ body: (UnsafeMutableBufferPointer<nghttp2_nv>) -> Void
    ) {
        withUnsafeTemporaryAllocation(of: nghttp2_nv.self, capacity: lines.count) { target in
            for (index, (name, value)) in lines.enumerated() {
                target.initializeElement(
                    at: index,
                    to: nghttp2_nv(
                        name: UnsafeMutablePointer(mutating: name.utf8Start),
                        value: UnsafeMutablePointer(mutating: value.utf8Start),
                        namelen: name.utf8CodeUnitCount,
                        valuelen: value.utf8CodeUnitCount,
                        flags: UInt8(NGHTTP2_NV_FLAG_NONE.rawValue)
                    )
                )
            }
            body(target)
        }
    }
}

extension ContinuousClock.Instant {
    /// This instant on the server's clock, on which it is `now`.
    fileprivate func nanoseconds(at now: Int64) -> Int64 {
        let left = self - .now
        // What is further away than a year is as good as never.
        guard left < .seconds(31_536_000) else { return .max }
        return now + Int64(clamping: left.attoseconds / 1_000_000_000)
    }
}

/// What all sessions share with libnghttp2.
///
/// Unchecked: both are written to in `init` alone, and copied by each new session.
private struct Native: @unchecked Sendable {
    static let shared = Native()

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
}

private func owner(_ user: UnsafeMutableRawPointer?) -> HTTP2Session? {
    user.map { Unmanaged<HTTP2Session>.fromOpaque($0).takeUnretainedValue() }
}

private let beginHeaders: nghttp2_on_begin_headers_callback = { _, frame, user in
    guard let frame = frame?.pointee, let session = owner(user) else { return 0 }
    return session.beginHeaders(frame.hd.stream_id, isRequest: frame.headers.cat == NGHTTP2_HCAT_REQUEST)
}

private let header: nghttp2_on_header_callback = { _, frame, name, nameCount, value, valueCount, _, user in
    guard let id = frame?.pointee.hd.stream_id, let session = owner(user) else { return 0 }
    return session.header(
        id,
        UnsafeBufferPointer(start: name, count: nameCount),
        UnsafeBufferPointer(start: value, count: valueCount)
    )
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
    case .reset: return session.receivedReset(id)
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
    guard let flags, let session = owner(user) else { return Int(NGHTTP2_ERR_CALLBACK_FAILURE.rawValue) }
    return session.read(id, atMost: limit, &flags.pointee)
}

private let sendData: nghttp2_send_data_callback = { _, frame, head, count, _, user in
    guard let id = frame?.pointee.hd.stream_id, let head, let session = owner(user) else {
        return NGHTTP2_ERR_CALLBACK_FAILURE.rawValue
    }
    return session.send(id, head: head, count: count)
}
