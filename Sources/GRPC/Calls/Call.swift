import HTTP
import HTTPTypes
package import Web

/// A call of a method, before its messages: what its head says.
package struct Call: Sendable {
    /// The request that it came as.
    package let exchange: Exchange
    /// When the client wants no answer any more.
    package let deadline: ContinuousClock.Instant?
    /// How its messages may be compressed.
    let coding: MessageCoding
    /// Puts the messages of the answer into frames.
    let encoder: MessageEncoder
    let limits: CallOptions.MessageLimits

    init(_ exchange: Exchange, _ options: CallOptions) throws(CallFailure) {
        let fields = exchange.request.fields
        self.exchange = exchange
        limits = options.limits
        if let timeout = fields[.grpcTimeout] {
            deadline = exchange.request.arrival + (try CallTimeout.duration(timeout))
        } else {
            deadline = nil
        }
        coding = try MessageCoding(named: fields[.grpcEncoding])
        let isAnsweredAlike = options.compresses && coding.isAmong(fields[.grpcAcceptEncoding])
        encoder = MessageEncoder(coding: isAnsweredAlike ? coding : .identity)
    }

    /// Whether the client wants no answer any more.
    package var isLate: Bool { deadline.map { $0 <= .now } ?? false }

    /// Returns what `body` returns, unless the deadline comes first: then it is cancelled.
    func beforeDeadline<Result: Sendable>(_ body: @escaping @Sendable () async throws -> Result) async throws -> Result
    {
        guard let deadline else { return try await body() }
        return try await withThrowingTaskGroup(of: Result.self) { group in
            group.addTask { try await body() }
            group.addTask {
                try await Task.sleep(until: deadline, clock: .continuous)
                throw CallFailure.deadlineExceeded
            }
            defer { group.cancelAll() }
            guard let first = try await group.next() else { throw CancellationError() }
            return first
        }
    }

    /// Adds the fields that stand before the messages of the answer.
    func addFields(to fields: inout ResponseFields) {
        guard encoder.coding != .identity || fields != [:] else { return fields = Status.answerFields }
        fields[.contentType] = "application/grpc"
        fields[.grpcAcceptEncoding] = MessageCoding.all
        if encoder.coding != .identity { fields[.grpcEncoding] = encoder.coding.rawValue }
    }
}
