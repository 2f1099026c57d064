import CZlib

/// Codes octets as gzip or zlib as they come.
struct Deflater: ~Copyable {
    /// How much time goes into a small code.
    enum Effort: Int32 {
        /// Little, for what is coded for one answer: the digits of tensors shrink little more with any other.
        case fast = 1
        /// As much as helps, for what is coded once: text shrinks by a seventh more.
        case best = 9
    }

    /// zlib's usual memory: 256 KiB of state per coder.
    private static let memoryLevel: Int32 = 8

    /// On the heap, because zlib's state points back at it.
    private let stream: UnsafeMutablePointer<z_stream>

    /// Creates a coder of `coding`.
    init(_ coding: ContentCoding, _ effort: Effort = .fast) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        let result = deflateInit2_(
            stream,
            effort.rawValue,
            Z_DEFLATED,
            coding.windowBits,
            Self.memoryLevel,
            Z_DEFAULT_STRATEGY,
            ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size)
        )
        precondition(result == Z_OK, "zlib could not start.")
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
    }

    /// What has to be written once the input is eaten.
    enum Flush {
        /// What zlib likes: it may keep some octets back until more come.
        case none
        /// All that can be decoded so far.
        case all
        /// The end of the code.
        case end

        fileprivate var code: Int32 {
            switch self {
            case .none: Z_NO_FLUSH
            case .all: Z_SYNC_FLUSH
            case .end: Z_FINISH
            }
        }
    }

    /// Appends the code of `input` to `output`.
    mutating func encode(_ input: UnsafeRawBufferPointer, into output: inout [UInt8], flush: Flush) {
        var rest = input[...]
        repeat {
            let piece = rest.prefix(Int(UInt32.max))
            rest = rest.dropFirst(piece.count)
            let source = UnsafeRawBufferPointer(rebasing: piece).bindMemory(to: UInt8.self)
            stream.pointee.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
            stream.pointee.avail_in = UInt32(piece.count)
            deflate(into: &output, flush: rest.isEmpty ? flush.code : Z_NO_FLUSH)
        } while !rest.isEmpty
    }

    /// Runs until zlib leaves room in its output, which is when it has nothing more to say.
    private func deflate(into output: inout [UInt8], flush: Int32) {
        let pieceByteCount = 32_768
        repeat {
            output.append(addingCapacity: pieceByteCount) { span in
                span.withUnsafeMutableBufferPointer { target, count in
                    stream.pointee.next_out = target.baseAddress
                    stream.pointee.avail_out = UInt32(pieceByteCount)
                    _ = CZlib.deflate(stream, flush)
                    count = pieceByteCount - Int(stream.pointee.avail_out)
                }
            }
        } while stream.pointee.avail_out == 0
    }
}

extension ContentCoding {
    /// Appends the code of `octets`, whole, to `coded`.
    package func encode(_ octets: UnsafeRawBufferPointer, into coded: inout [UInt8]) {
        encode(octets, into: &coded, .fast)
    }

    func encode(_ octets: UnsafeRawBufferPointer, into coded: inout [UInt8], _ effort: Deflater.Effort) {
        var deflater = Deflater(self, effort)
        deflater.encode(octets, into: &coded, flush: .end)
    }
}
