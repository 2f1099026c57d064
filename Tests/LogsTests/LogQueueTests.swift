import Dispatch
import Logging
import Synchronization
import Testing

@testable import Logs

struct LogQueueTests {
    /// An output that can be held shut.
    private final class Output: Sendable {
        let text = Mutex("")
        let gate = DispatchSemaphore(value: 0)
        func write(_ bytes: [UInt8]) { text.withLock { $0 += String(decoding: bytes, as: UTF8.self) } }
    }

    private func entry(_ number: Int) -> LogEntry {
        LogEntry(level: .info, label: "test", message: "line \(number)")
    }

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

    @Test func dropsAndCountsWhatComesWhileTheOutputIsStuck() {
        let output = Output()
        let isStuck = DispatchSemaphore(value: 0)
        let queue = LogQueue(format: .text, capacity: 4) { bytes in
            isStuck.signal()
            output.gate.wait()
            output.write(bytes)
        }
        queue.append(entry(0))
        isStuck.wait()
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

    @Test func doesNotWaitForAnOutputThatIsStuckForGood() {
        let gate = DispatchSemaphore(value: 0)
        let queue = LogQueue(format: .text) { _ in gate.wait() }
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
