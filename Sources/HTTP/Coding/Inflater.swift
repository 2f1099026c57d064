import CZlib

/// Decodes gzip or zlib octets as they come.
struct Inflater: ~Copyable {
    /// On the heap, because zlib's state points back at it.
    private let stream: UnsafeMutablePointer<z_stream>
    /// Whether the end of the coded octets has been seen, checksum and length included.
    private(set) var isDone = false

    /// Creates a decoder of `coding`.
    init(_ coding: ContentCoding) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        let result = inflateInit2_(stream, coding.windowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        precondition(result == Z_OK, "zlib could not start.")
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    /// Decodes from the front of `input` into `output`, at most `limit` octets more.
    /// - Returns: How many octets of `input` were eaten.
    mutating func decode(
        _ input: Span<UInt8>,
        into output: inout [UInt8],
        atMost limit: Int
    ) throws(ContentCodingError) -> Int {
        var result = Z_OK
        let eaten = input.withUnsafeBufferPointer { source in
            output.append(addingCapacity: limit) { span in
                span.withUnsafeMutableBufferPointer { target, count in
                    (result, count) = inflate(source, into: target, atMost: limit)
                }
            }
            return source.count - Int(stream.pointee.avail_in)
        }
        isDone = result == Z_STREAM_END
        guard isDone || result == Z_OK || result == Z_BUF_ERROR else { throw .corrupt }
        return eaten
    }

    private func inflate(
        _ source: UnsafeBufferPointer<UInt8>,
        into target: UnsafeMutableBufferPointer<UInt8>,
        atMost limit: Int
    ) -> (result: Int32, count: Int) {
        stream.pointee.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
        stream.pointee.avail_in = UInt32(clamping: source.count)
        stream.pointee.next_out = target.baseAddress
        stream.pointee.avail_out = UInt32(clamping: limit)
        let room = stream.pointee.avail_out
        let result = CZlib.inflate(stream, Z_NO_FLUSH)
        return (result, Int(room - stream.pointee.avail_out))
    }
}
