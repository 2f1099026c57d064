import HTTP
import HTTPTypes
import JSON

/// Work that would hold up the other connections of an event loop, and so is done on other threads.
package enum LongWork {
    /// Bytes of text from which reading or writing it counts as long: some 100 µs.
    package static let byteCount = 65_536

    /// Runs `work`, elsewhere if it `isLong`.
    package static func run<Result: Sendable>(
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
