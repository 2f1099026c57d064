import CAllocations

/// What one run of a subject takes from the allocator.
struct Measurement: CustomStringConvertible {
    let name: String
    let count: Int
    let bytes: Int

    /// Runs `subject` until its buffers have the size they keep, and then once for each count until two agree.
    init(of subject: Subject) throws {
        name = subject.name
        for _ in 0..<100 { try subject.run() }
        var last = try Self.taken(by: subject)
        for _ in 0..<100 {
            let next = try Self.taken(by: subject)
            guard next != last else { break }
            last = next
        }
        (count, bytes) = last
    }

    private static func taken(by subject: Subject) throws -> (count: Int, bytes: Int) {
        let before = callpath_allocations_of_this_thread()
        try subject.run()
        let after = callpath_allocations_of_this_thread()
        return (Int(after.count - before.count), Int(after.bytes - before.bytes))
    }

    var description: String { "\(name): \(count) allocations of \(bytes) bytes" }
}
