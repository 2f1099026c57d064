#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Uses a value, so that what made it is not optimised away.
@inline(never)
func keep<Value>(_ value: Value) {
    withExtendedLifetime(value) {}
}

/// Returns the time that processors have spent on this process.
func processorNanoseconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
}

/// Sends what was printed on its way; output to a pipe waits otherwise.
func flush() {
    fflush(nil)
}

/// Says what went wrong and ends the process.
func complain(_ message: String) -> Never {
    let line = Array((message + "\n").utf8)
    _ = write(STDERR_FILENO, line, line.count)
    exit(2)
}

/// Returns so many floats, rounded up to huge pages where the system has them; they are never freed.
func largePages(of count: Int) -> UnsafeBufferPointer<Float> {
    let page = 2 << 20
    let bytes = (count * MemoryLayout<Float>.stride + page - 1) / page * page
    let memory = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: page)
    #if canImport(Glibc)
    madvise(memory, bytes, MADV_HUGEPAGE)
    #endif
    memory.initializeMemory(as: Float.self, repeating: 1, count: bytes / MemoryLayout<Float>.stride)
    return UnsafeBufferPointer(start: memory.assumingMemoryBound(to: Float.self), count: count)
}

/// Writes floats as they lie in memory to the file `path`.
func save(_ floats: [Float], to path: String) throws {
    guard let file = fopen(path, "wb") else { throw Subject.Failure.usage("cannot write \(path)") }
    defer { fclose(file) }
    floats.withUnsafeBytes { _ = fwrite($0.baseAddress, 1, $0.count, file) }
}
