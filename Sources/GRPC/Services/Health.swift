import HTTP
import Synchronization
package import Web

/// `grpc.health.v1.Health`: whether the server lives, and whether it should be sent requests.
package final class Health: Sendable {
    /// `HealthCheckResponse.ServingStatus`.
    enum ServingStatus: Int, Sendable {
        case serving = 1
        case notServing = 2
        case serviceUnknown = 3
    }

    /// The services that have a health, by whether it is the server's readiness.
    private static let services = [
        "": true, "inference.GRPCInferenceService": true, "readiness": true, "liveness": false,
    ]

    private let readiness: Readiness
    private let interval: Duration
    private let watches = Mutex(Watches())

    /// Somebody who was told something, and waits for another thing to tell.
    private struct Waiter {
        /// The readiness that was told; nil if it is not asked for.
        let told: Bool?
        let continuation: CheckedContinuation<Void, Never>
    }

    private struct Watches {
        var isOver = false
        var count = 0
        var waiting: [Int: Waiter] = [:]
        /// Looks at the readiness as long as somebody waits for a change.
        var looking: Task<Void, Never>?
    }

    /// - Parameter interval: The time between two looks at a readiness that somebody watches.
    package init(_ readiness: Readiness, lookingEvery interval: Duration = .milliseconds(200)) {
        self.readiness = readiness
        self.interval = interval
    }

    package var methods: [Method] {
        [
            Method("grpc.health.v1.Health", "Check", scope: .open, isProbe: true, .unary(check)),
            Method("grpc.health.v1.Health", "Watch", scope: .open, isProbe: true, .streaming(watch)),
        ]
    }

    /// Ends every watch: the server goes.
    package func finish() {
        let waiting = watches.withLock { watches in
            watches.isOver = true
            watches.looking?.cancel()
            defer { watches.waiting = [:] }
            return watches.waiting.values.map(\.continuation)
        }
        for continuation in waiting { continuation.resume() }
    }

    private func status(of service: String) -> ServingStatus {
        switch Self.services[service] {
        case true?: readiness.isReady ? .serving : .notServing
        case false?: .serving
        case nil: .serviceUnknown
        }
    }

    private func check(_ call: Call, _ message: MessageBytes) throws -> Reply<any Error> {
        let service = try message.read(HealthCheckRequest.self).service
        let status = status(of: service)
        guard status != .serviceUnknown else { throw CallFailure.unknownService(service) }
        return .now(Response(Self.answer(status)))
    }

    private static func answer(_ status: ServingStatus) -> ProtobufWriter {
        var writer = MessageEncoder.writer()
        writer.field(1, status.rawValue)
        return writer
    }

    private func watch(_ call: Call, _ messages: MessageSource, _ sink: MessageSink) async throws {
        var messages = messages
        let service = try await messages.only().read(HealthCheckRequest.self).service
        var told: ServingStatus?
        while !watches.withLock(\.isOver) {
            let status = status(of: service)
            if status != told { try await sink.send(Self.answer(status)) }
            told = status
            await changed(from: Self.services[service] == true ? status == .serving : nil)
            try Task.checkCancellation()
        }
        throw CallFailure.goingDown
    }

    // MARK: - Waiting for a change

    /// Waits until the readiness is another than was told, the server goes, or the task is cancelled.
    private func changed(from told: Bool?) async {
        let number = watches.withLock { watches in
            watches.count += 1
            return watches.count
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = watches.withLock { watches in
                    guard !watches.isOver, !Task.isCancelled else { return true }
                    watches.waiting[number] = Waiter(told: told, continuation: continuation)
                    if watches.looking == nil { watches.looking = Task { await self.look() } }
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            watches.withLock { $0.waiting.removeValue(forKey: number) }?.continuation.resume()
        }
    }

    /// Looks at the readiness every now and then as long as somebody waits, and wakes those who were told another.
    private func look() async {
        while (try? await Task.sleep(for: interval)) != nil {
            let isReady = readiness.isReady
            let woken: [CheckedContinuation<Void, Never>]? = watches.withLock { watches in
                guard !watches.waiting.isEmpty else {
                    watches.looking = nil
                    return nil
                }
                let stale = watches.waiting.filter { $0.value.told.map { $0 != isReady } ?? false }
                for number in stale.keys { watches.waiting[number] = nil }
                return stale.values.map(\.continuation)
            }
            guard let woken else { return }
            for continuation in woken { continuation.resume() }
        }
    }
}
