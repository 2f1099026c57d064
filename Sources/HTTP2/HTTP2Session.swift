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

    // What follows is used for each frame, in one call at a time: the checks of exclusive access cost 5% of a small answer.
    @exclusivity(unchecked) private var native = NativeSession()
    @exclusivity(unchecked) private var watch = FrameWatch()
    /// The time of the present call.
    @exclusivity(unchecked) private(set) var now: Int64 = 0
    /// The size of the header block that is being read.
    @exclusivity(unchecked) private var blockByteCount = 0
    /// Streams whose heads came in this call, to be answered while their bodies come unless these come in it too.
    @exclusivity(unchecked) private var opened: [HTTP2Stream] = []
    /// What goes out in place of all else: the last frame.
    @exclusivity(unchecked) private var farewell: [UInt8]?
    @exclusivity(unchecked) private var isBroken = false

    @exclusivity(unchecked) private var table = StreamTable()
    @exclusivity(unchecked) private var ready = ReadyStreams()
    /// Streams that are over and of which `takeClosed` has not told.
    @exclusivity(unchecked) private var closed: [HTTP2Stream] = []

    /// Octets of bodies in memory whose requests are not answered.
    @exclusivity(unchecked) package private(set) var heldBodyBytes = 0
    @exclusivity(unchecked) private var writer = AnswerWriter()
    /// When the last stream ended.
    @exclusivity(unchecked) package private(set) var idleStart: Int64
    /// How far a drain has come.
    @exclusivity(unchecked) package private(set) var drain = Drain.none

    /// How far a drain has come.
    package enum Drain: Equatable {
        case none
        /// The client knows that it should open no more streams; those it has opened since may be on their way.
        case announced(at: Int64)
        /// The client knows which stream is the last that is served.
        case final
    }

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
        native = NativeSession(reportingTo: self)
        isBroken = native.isMissing
        if !isBroken { native.begin(settings, maxHeadBytes: limits.maxHeadBytes) }
    }

    /// Whether nothing more is read.
    package var isEnding: Bool {
        isBroken || farewell != nil || !native.wantsToRead
    }

    /// Whether all is said, and only what `produce` has given is to be sent.
    package var isOver: Bool {
        if isBroken { return true }
        guard farewell == nil, !watch.hasLate else { return false }
        return !native.wantsToRead && !native.wantsToWrite
    }

    /// The streams that are open: read or answered.
    package var streams: Dictionary<Int32, HTTP2Stream>.Values { table.all }
    package var openCount: Int { table.count }

    /// The open stream of a number.
    package func stream(_ id: Int32) -> HTTP2Stream? { table[id] }

    /// When the header block began that has not come whole.
    package var blockStart: Int64? { watch.blockStart }

    /// Octets of answers in memory that the client has not taken.
    package var heldAnswerBytes: Int { writer.heldByteCount }
    /// The octets of these that wait.
    package var waitingAnswerBytes: Int { writer.waitingByteCount }
}

// Reading.
extension HTTP2Session {
    /// Takes up octets that came.
    package func receive(_ octets: Span<UInt8>, at now: Int64) {
        guard !isEnding else { return }
        self.now = now
        let (head, range, violation) = watch.scan(octets, at: now)
        if !head.isEmpty { feed(head.span) }
        if !range.isEmpty { feed(octets.extracting(range)) }
        _ = follow(violation)
        for stream in opened { handOutOpened(stream) }
        opened.removeAll(keepingCapacity: true)
    }

    private func feed(_ octets: Span<UInt8>) {
        guard farewell == nil else { return }
        switch native.receive(octets) {
        case nil: break
        case .badPreface: end(.protocolError, "bad_preface")
        case .flooded: end(.enhanceYourCalm, "too_many_frames")
        case .other: end(.internalError, "")
        }
    }

    /// Ends the connection for `violation`; true if there is none.
    private func follow(_ violation: FrameWatch.Violation?) -> Bool {
        guard let violation else { return true }
        end(violation.code, violation.reason)
        return false
    }

    /// Takes the next stream that is to be answered.
    package func takeReady() -> (stream: HTTP2Stream, work: Work)? {
        while let stream = ready.popFirst() {
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
    package var hasReady: Bool { !ready.isEmpty }

    /// Tells those who work on requests that their client has most likely gone.
    package func clientHasGone() {
        for stream in table.all { stream.client?.hasGone() }
    }

    /// Lets go of everything: the connection is closed.
    package func close() {
        isBroken = true
        for stream in table.all {
            stream.isClosed = true
            stream.client?.hasGone()
            stream.incoming?.fail(.cancelled)
        }
        table.removeAll()
        ready = ReadyStreams()
        heldBodyBytes = 0
        writer.dropAll()
    }

    /// Takes a stream that is over and was not taken.
    package func takeClosed() -> HTTP2Stream? { closed.popLast() }

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
        if !stream.isClosed { native.consume(count, of: stream.id) }
    }

    /// Counts the body of an answered request no longer.
    package func releaseBody(of stream: HTTP2Stream) {
        heldBodyBytes -= stream.heldBodyBytes
        if stream.isUnconsumed, !stream.isClosed {
            native.consume(stream.heldBodyBytes, of: stream.id)
        }
        stream.heldBodyBytes = 0
    }
}

// What libnghttp2 reports of what came.
extension HTTP2Session {
    func beginHeaders(_ id: Int32, isRequest: Bool) {
        blockByteCount = 0
        guard isRequest else {
            table[id]?.trailerBlock = TrailerBlock(limits: limits)
            return
        }
        guard admits() else { return native.reset(id, .refusedStream) }
        table.insert(HTTP2Stream(id: id, limits: limits, now: now))
    }

    /// Takes a line; false if the connection ends at it.
    func header(_ id: Int32, _ name: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>) -> Bool {
        blockByteCount += name.count + value.count + 32
        guard blockByteCount <= settings.maxListBytes else {
            end(.enhanceYourCalm, "header_list_too_large")
            return false
        }
        guard let stream = table[id] else { return true }
        if stream.reading == .head {
            stream.block.append(name: name, value: value)
        } else {
            stream.trailerBlock?.append(name: name, value: value)
        }
        return true
    }

    func receivedHeaders(_ id: Int32, endsStream: Bool) {
        guard let stream = table[id] else { return }
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
            if head.expectsContinue { native.sendContinue(on: id) }
            if streamsBody(head.outline) {
                stream.isUnconsumed = true
                opened.append(stream)
            }
        } catch {
            refuse(stream, error.refusal)
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

    func receivedData(_ id: Int32, _ octets: UnsafeBufferPointer<UInt8>) {
        native.consume(octets.count)
        guard let stream = table[id], stream.reading == .body else { return native.consume(octets.count, of: id) }
        stream.lastArrival = now
        stream.bodyByteCount += octets.count
        stream.heldBodyBytes += octets.count
        heldBodyBytes += octets.count
        if let incoming = stream.incoming { return incoming.append(octets) }
        if !stream.isUnconsumed {
            native.consume(octets.count, of: id)
            guard stream.bodyByteCount <= limits.maxBodyBytes else {
                return refuse(stream, RequestError.bodyTooLarge(limit: limits.maxBodyBytes).refusal)
            }
        }
        stream.body.append(contentsOf: octets)
    }

    func receivedEnd(_ id: Int32) {
        guard let stream = table[id] else { return }
        stream.isRemoteOpen = false
        completed(stream)
    }

    /// Takes note of a reset; false if the connection ends at it.
    func receivedReset(_ id: Int32) -> Bool {
        guard let stream = table[id], !stream.isSent else { return true }
        return follow(watch.reset(at: now))
    }

    func receivedPong() {
        if case .announced = drain { finishDrain() }
    }

    func streamClosed(_ id: Int32) {
        guard let stream = table.remove(id) else { return }
        stream.isClosed = true
        writer.drop(stream)
        stream.body = []
        stream.incoming?.fail(.cancelled)
        if !stream.isSent { stream.client?.hasGone() }
        if table.isEmpty { idleStart = now }
        closed.append(stream)
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
        if let deadline = response.deadline { stream.deadline = deadline.nanoseconds(at: now) }
        let isEmpty = response.isOmitted(for: stream.outline?.method ?? .get) || response.body.count == 0
        writer.begin(response, on: stream, date: date, isEmpty: isEmpty)
        native.answer(stream.id, with: writer.list, hasContent: !isEmpty)
    }

    /// Adds a piece to an answer that comes over time.
    package func append(_ piece: [UInt8], to stream: HTTP2Stream, at now: Int64) {
        guard stream.isStreaming, !piece.isEmpty else { return }
        if stream.outgoing.count == 0 { stream.lastTaken = now }
        writer.append(piece, to: stream)
        native.resume(stream.id)
    }

    /// Ends an answer that came over time.
    package func endStream(_ stream: HTTP2Stream, trailers: ResponseFields?) {
        guard stream.isStreaming else { return }
        if let trailers { stream.trailers = trailers }
        stream.outgoing.isComplete = true
        native.resume(stream.id)
    }

    /// Ends a stream whose answer will not be whole.
    package func reset(_ stream: HTTP2Stream, _ code: HTTP2ErrorCode) {
        guard !stream.isClosed else { return }
        native.reset(stream.id, code)
    }

    /// Appends frames to `target` until it has about `limit` octets, or there are no more.
    package func produce(into target: inout [UInt8], atMost limit: Int, at now: Int64) {
        self.now = now
        if !isBroken, farewell == nil {
            if watch.hasLate { target += watch.takeLate() }
            writer.begin(&target, atMost: limit)
            gather()
            writer.finish(&target)
        }
        if let farewell {
            target.append(contentsOf: farewell)
            self.farewell = nil
            isBroken = true
        }
    }

    private func gather() {
        var hasMore = true
        while hasMore, writer.hasRoom, farewell == nil {
            hasMore = false
            let isUsable = native.withNextFrame { frame in
                writer.write(frame)
                hasMore = true
            }
            if !isUsable { isBroken = true }
        }
    }
}

// What libnghttp2 asks of answers, and reports of what went out.
extension HTTP2Session {
    /// What a stream has to send.
    enum Offer {
        case octets(Int, End)
        /// Nothing yet.
        case later
        case gone

        enum End {
            case notYet, beforeTrailers, ofStream
        }
    }

    /// Says how many octets of the content of an answer go out next, and submits what follows the last.
    func offer(_ id: Int32, atMost limit: Int) -> Offer {
        guard let stream = table[id] else { return .gone }
        let count = min(limit, stream.outgoing.count)
        guard count > 0 || stream.outgoing.isComplete else { return .later }
        guard stream.outgoing.isComplete, count == stream.outgoing.count else { return .octets(count, .notYet) }
        guard let trailers = stream.trailers else { return .octets(count, .ofStream) }
        writer.setTrailers(trailers)
        native.end(id, with: writer.list)
        return .octets(count, .beforeTrailers)
    }

    enum Sending {
        case sent
        /// There is no room now.
        case later
        case gone
    }

    /// Sends a frame of content, whose head is there.
    func send(_ id: Int32, head: UnsafeBufferPointer<UInt8>, count: Int) -> Sending {
        guard writer.hasRoom else { return .later }
        guard let stream = table[id] else { return .gone }
        writer.write(head)
        writer.move(count, of: stream)
        stream.lastTaken = now
        return .sent
    }

    func sent(_ id: Int32, isData: Bool, endsStream: Bool) {
        watch.sentAnswer(isData: isData)
        guard endsStream, let stream = table[id] else { return }
        stream.isSent = true
        // The client need not send what nobody reads (RFC 9113 8.1).
        if stream.isRemoteOpen { native.reset(id, .noError) }
    }

    func sentReset(_ code: UInt32) {
        guard code != HTTP2ErrorCode.noError.rawValue else { return }
        _ = follow(watch.reset(at: now))
    }
}

// The end.
extension HTTP2Session {
    /// Ends the connection: its last frame says why.
    package func end(_ code: HTTP2ErrorCode, _ reason: String) {
        guard farewell == nil, !isBroken else { return }
        farewell = FrameHead.goAway(after: native.lastStream, code, reason)
    }

    /// Tells the client to open no more streams.
    package func beginDrain(at now: Int64) {
        guard drain == .none, !isEnding else { return }
        drain = .announced(at: now)
        native.announceEnd()
    }

    /// Tells the client which stream is the last that is served; no more is read of those on which it owes nothing.
    package func finishDrain() {
        guard drain != .final, !isEnding else { return }
        drain = .final
        let last = native.lastStream
        watch.refuse(after: last)
        native.end(after: last)
        for stream in table.all { stream.incoming?.drain() }
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
