/// Bytes that need not lie in one piece.
package protocol PartSource: Sendable {
    /// The count of all bytes.
    var byteCount: Int { get }
    /// Hands each piece to `body` in order.
    func forEachPiece<Failure: Error>(_ body: (UnsafeRawBufferPointer) throws(Failure) -> Void) throws(Failure)
}

/// Bytes that lie in an array.
struct BytesSource: PartSource {
    let bytes: [UInt8]

    var byteCount: Int { bytes.count }

    func forEachPiece<Failure: Error>(_ body: (UnsafeRawBufferPointer) throws(Failure) -> Void) throws(Failure) {
        try bytes.withUnsafeBufferPointer { (bytes) throws(Failure) in try body(UnsafeRawBufferPointer(bytes)) }
    }
}
