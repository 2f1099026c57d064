/// Memory that the reads of one loop go through; nothing in it outlives a step.
struct ScratchMemory: ~Copyable {
    let octets: UnsafeMutableBufferPointer<UInt8>

    init(byteCount: Int) {
        octets = .allocate(capacity: byteCount)
        octets.initialize(repeating: 0)
    }

    deinit {
        octets.deallocate()
    }
}
