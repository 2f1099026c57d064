import CLinux
package import HTTP
import HTTPTypes
import JSON
import Threads

/// Work that would hold up the other connections of an event loop, and so is done on other threads.
package enum LongWork {
    /// Bytes of text from which reading or writing it counts as long: some 100 µs.
    package static let byteCount = 65_536

    /// As many at once as there are processors: what waits is put in order, and what runs is not interrupted.
    private static let width = max(1, Int(clinux_processor_count()))
    private static let turns = WorkTurns(width: width)
    /// Not those of the concurrent executor, of which large bodies would leave none for the end of the process.
    private static let threads = WorkThreads("callpath.long-work", width: width)

    /// Runs `work`, elsewhere if it `isLong`, after that of others and gently if `client` has gone.
    package static func run<Result: Sendable>(
        if isLong: Bool = true,
        for client: Client?,
        _ work: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        guard isLong else { return try work() }
        return try await turns.run(for: client) { isGentle in
            if isGentle { return try await GentleThread.run(work) }
            return try await threads.run(work)
        }
    }

    /// Answers an exchange on other threads than those of the event loops.
    ///
    /// It has its turn while it reads what came, and none while it waits for what it asked for.
    @concurrent
    static func answer(_ exchange: Exchange, _ next: @escaping Endpoint) async throws -> Response {
        try await run(for: exchange.request.client) { try next(exchange) }.response
    }
}
