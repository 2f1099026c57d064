import HTTP
import HTTPTypes
import JSON

/// Work that would hold up the other connections of an event loop, and so is done on other threads.
enum LongWork {
    /// Bytes of text from which reading or writing it counts as long: some 100 µs.
    static let byteCount = 65_536
    /// Bytes of JSON that one element of a tensor takes, about.
    static let bytesPerElement = 12

    /// Returns whether writing so many elements as JSON is long work.
    ///
    /// - Throws: 422 if the text would go beyond `limit` bytes.
    static func isLong(elements: Int, limit: Int) throws(Problem) -> Bool {
        let (bytes, overflow) = elements.multipliedReportingOverflow(by: bytesPerElement)
        guard !overflow, bytes <= limit else {
            throw Problem(
                .answerTooLarge,
                "As JSON this takes more than \(limit) bytes; ask for bytes or safetensors.",
                expected: .number(.int(Int64(limit)))
            )
        }
        return bytes >= byteCount
    }

    /// Runs `work`, elsewhere if it `isLong`.
    static func run<Result: Sendable>(
        if isLong: Bool,
        _ work: @Sendable () throws -> Result
    ) async throws -> Result {
        isLong ? try await elsewhere(work) : try work()
    }

    /// Answers an exchange on the threads of the concurrent executor.
    @concurrent
    static func answer(_ exchange: Exchange, _ next: Endpoint) async throws -> Response {
        try await next(exchange).response
    }

    @concurrent
    private static func elsewhere<Result: Sendable>(_ work: @Sendable () throws -> Result) async throws -> Result {
        try work()
    }
}

extension API {
    /// A layer that answers requests with much to read off the event loop.
    var sparingTheLoop: Layer {
        Layer { _, next in
            { exchange in
                let isLong = exchange.request.body.count >= LongWork.byteCount
                guard isLong || exchange.request.fields.contains(.contentEncoding) else {
                    return try next(exchange)
                }
                return .later { try await LongWork.answer(exchange, next) }
            }
        }
    }
}
