import HTTP
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(5)))
struct RequestStreamTests {
    private func append(_ text: String, to stream: RequestStream) {
        Array(text.utf8).withUnsafeBufferPointer { stream.append($0) }
    }

    @Test func bringsWhatCameAndThenTheEnd() async throws {
        let stream = RequestStream()
        append("one", to: stream)
        append("two", to: stream)
        stream.finish()
        #expect(try await stream.next() == Array("onetwo".utf8))
        #expect(try await stream.next() == nil)
        #expect(try await stream.next() == nil)
    }

    @Test func waitsForWhatHasNotCome() async throws {
        let stream = RequestStream()
        async let first = stream.next()
        while !stream.isDue { await Task.yield() }
        append("late", to: stream)
        #expect(try await first == Array("late".utf8))
        #expect(!stream.isDue)
    }

    @Test func tellsHowMuchWasTaken() async throws {
        let taken = Mutex<[Int]>([])
        let stream = RequestStream { count in taken.withLock { $0.append(count) } }
        append("four", to: stream)
        #expect(stream.waitingByteCount == 4)
        _ = try await stream.next()
        stream.finish()
        _ = try await stream.next()
        #expect(taken.withLock { $0 } == [4])
    }

    @Test(arguments: [RequestStream.Failure.cancelled, .timedOut, .overloaded])
    func failsBehindWhatCame(_ failure: RequestStream.Failure) async throws {
        let stream = RequestStream()
        append("some", to: stream)
        stream.fail(failure)
        append("lost", to: stream)
        #expect(try await stream.next() == Array("some".utf8))
        await #expect(throws: failure) { try await stream.next() }
    }

    @Test func nothingIsDueBetweenMessages() async throws {
        let stream = RequestStream()
        let reader = Task { try await stream.next(isDue: false) }
        append("x", to: stream)
        _ = try await reader.value
        #expect(!stream.isDue)
    }

    @Test func aDrainEndsWhatIsNotDue() async throws {
        let stream = RequestStream()
        let reader = Task { try await stream.next(isDue: false) }
        for _ in 0..<100 { await Task.yield() }
        stream.drain()
        await #expect(throws: RequestStream.Failure.draining) { try await reader.value }
    }

    @Test func aDrainWaitsForWhatIsDue() async throws {
        let stream = RequestStream()
        stream.drain()
        let reader = Task { try await stream.next() }
        while !stream.isDue { await Task.yield() }
        append("due", to: stream)
        #expect(try await reader.value == Array("due".utf8))
        append("more", to: stream)
        #expect(try await stream.next(isDue: false) == Array("more".utf8))
        await #expect(throws: RequestStream.Failure.draining) { try await stream.next(isDue: false) }
    }

    @Test func aCancelledReaderStopsWaiting() async {
        let stream = RequestStream()
        let reader = Task { try await stream.next() }
        while !stream.isDue { await Task.yield() }
        reader.cancel()
        await #expect(throws: CancellationError.self) { try await reader.value }
    }
}
