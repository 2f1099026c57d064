import Dispatch
import Logging
import Synchronization
import Testing

@testable import Logs

@Suite(.timeLimit(.minutes(10)))
struct LogQueueTests {
    /// An output that can be held shut.
    private final class Output: Sendable {
        let text = Mutex("")
        let chunks = Mutex<[Int]>([])
        let gate = DispatchSemaphore(value: 0)
        let isWritten = DispatchSemaphore(value: 0)
        func write(_ bytes: [UInt8]) -> Int {
            text.withLock { $0 += String(decoding: bytes, as: UTF8.self) }
            chunks.withLock { $0.append(bytes.count) }
            isWritten.signal()
            return 0
        }
    }

    private func entry(_ number: Int, _ level: Logger.Level = .info) -> LogEntry {
        LogEntry(level: level, label: "test", message: "line \(number)")
    }

    /// A delay that no test lives to see the end of.
    private static let never = Duration.seconds(3_600)

    @Test func writesInOrder() {
        let output = Output()
        let queue = LogQueue(format: .text, write: output.write)
        for number in 0..<1000 { queue.append(entry(number)) }
        queue.flush()
        let lines = output.text.withLock { $0 }.split(separator: "\n")
        #expect(lines.count == 1000)
        #expect(lines.enumerated().allSatisfy { $1.hasSuffix("line \($0)") })
        #expect(queue.droppedCount == 0)
    }

    /// Threads that log at once lose and mix nothing, and each finds its own lines in order.
    @Test func keepsTheOrderOfEachThread() {
        let output = Output()
        let queue = LogQueue(format: .text, capacity: 64 << 20, write: output.write)
        DispatchQueue.concurrentPerform(iterations: 4) { thread in
            for number in 0..<5_000 {
                queue.append(.info, label: "t\(thread)", message: "n") { $0.add("number", number) }
            }
        }
        queue.flush(patience: .seconds(30))
        let lines = output.text.withLock { $0 }.split(separator: "\n")
        #expect(lines.count == 20_000)
        for thread in 0..<4 {
            let own = lines.filter { $0.contains(" t\(thread): ") }
            #expect(own.enumerated().allSatisfy { $1.hasSuffix(" number=\($0)") })
        }
        // In buffers, not line by line.
        #expect(output.chunks.withLock { $0.count } < 200)
    }

    @Test func aLineGoesOutSoonByItself() {
        let output = Output()
        let queue = LogQueue(format: .text, delay: .milliseconds(1), write: output.write)
        queue.append(entry(1))
        output.isWritten.wait()
        #expect(output.text.withLock { $0 }.hasSuffix("line 1\n"))
    }

    @Test(arguments: [Logger.Level.warning, .error, .critical])
    func aWarningGoesOutAtOnceBehindWhatCameBefore(level: Logger.Level) {
        let output = Output()
        let queue = LogQueue(format: .text, delay: Self.never, write: output.write)
        queue.append(entry(1))
        queue.append(entry(2, level))
        output.isWritten.wait()
        #expect(output.text.withLock { $0 }.split(separator: "\n").map { $0.suffix(6) } == ["line 1", "line 2"])
    }

    @Test func aLargeBufferGoesOutAtOnce() {
        let output = Output()
        let queue = LogQueue(format: .text, delay: Self.never, write: output.write)
        for number in 0..<2_000 { queue.append(entry(number)) }
        output.isWritten.wait()
        #expect(output.chunks.withLock { $0[0] } >= 65_536)
    }

    @Test func aWarningThatComesWhileTheOutputIsBusyGoesOutNext() {
        let output = Output()
        let isBusy = DispatchSemaphore(value: 0)
        let queue = LogQueue(format: .text, delay: Self.never) { bytes in
            isBusy.signal()
            output.gate.wait()
            return output.write(bytes)
        }
        queue.append(entry(0, .warning))
        isBusy.wait()
        queue.append(entry(1, .warning))
        output.gate.signal()
        output.gate.signal()
        isBusy.wait()
        output.isWritten.wait()
        output.isWritten.wait()
        #expect(output.text.withLock { $0 }.hasSuffix("line 1\n"))
    }

    @Test func dropsAndCountsWhatComesWhileTheOutputIsStuck() {
        let output = Output()
        let isStuck = DispatchSemaphore(value: 0)
        let queue = LogQueue(format: .text, capacity: 150) { bytes in
            isStuck.signal()
            output.gate.wait()
            return output.write(bytes)
        }
        queue.append(entry(0, .warning))
        isStuck.wait()
        // A line has 43 bytes.
        for number in 1...10 { queue.append(entry(number)) }
        #expect(queue.droppedCount == 6)
        output.gate.signal()
        output.gate.signal()
        queue.flush()
        let text = output.text.withLock { $0 }
        #expect(text.contains("line 4\n"))
        #expect(!text.contains("line 5\n"))
        #expect(text.contains("log lines were dropped count=6"))
    }

    /// Of three lines of 43 bytes each, those are lost of which not every byte went out.
    @Test(arguments: [(0, 0), (1, 1), (43, 1), (44, 2), (129, 3)])
    func countsTheLinesThatTheOutputDidNotTake(lostBytes: Int, lostLines: Int) {
        let queue = LogQueue(format: .text, delay: Self.never) { bytes in
            #expect(bytes.count == 129)
            return lostBytes
        }
        for number in 1...3 { queue.append(entry(number)) }
        queue.flush()
        #expect(queue.droppedCount == lostLines)
    }

    @Test func doesNotWaitForAnOutputThatIsStuckForGood() {
        let gate = DispatchSemaphore(value: 0)
        let queue = LogQueue(format: .text) { _ in
            gate.wait()
            return 0
        }
        queue.append(entry(0))
        queue.flush(patience: .milliseconds(10))
        gate.signal()
    }

    @Test func takesEntriesOfSwiftLogWithTheirMetadata() {
        let output = Output()
        let queue = LogQueue(format: .text, write: output.write)
        var logger = Logger(label: "callpath") { QueuedLogHandler(label: $0, level: .info, queue: queue) }
        logger[metadataKey: "request_id"] = "r1"
        logger.debug("unheard")
        logger.notice("heard", metadata: ["key": "value"])
        queue.flush()
        let text = output.text.withLock { $0 }
        #expect(text.hasSuffix(" notice callpath: heard key=value request_id=r1\n"))
        #expect(!text.contains("unheard"))
    }
}
