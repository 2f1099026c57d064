extension Tensor {
    /// Bytes that are filled in and packed while the processor still has them at hand.
    private static let pieceByteCount = 1 << 20

    /// Creates a tensor whose bytes `fill` writes, one piece after another.
    ///
    /// A matrix that `isPacked` is packed for products on the way, so that its first product need not.
    package init<Failure: Error>(
        dtype: DType,
        shape: Shape,
        isPacked: Bool,
        filledInPiecesBy fill: (UnsafeMutableRawBufferPointer) throws(Failure) -> Void
    ) throws {
        let (packed, rows) = isPacked ? try Self.unfilledWeight(dtype, shape) : (nil, 0)
        let rowBytes = shape.rank == 2 ? shape[1] * dtype.itemSize : 0
        try self.init(dtype: dtype, shape: shape) { (bytes) throws(Failure) in
            guard let packed, let base = bytes.baseAddress else { return try fill(bytes) }
            for first in stride(from: 0, to: packed.outputs, by: rows) {
                let end = min(first + rows, packed.outputs)
                try fill(UnsafeMutableRawBufferPointer(rebasing: bytes[first * rowBytes..<end * rowBytes]))
                packed.packRows(first..<end, of: base)
            }
        }
        if let packed { body.packing.keep(packed, of: self) }
    }

    /// Returns memory for the packed form of a matrix, and how many rows to pack at once; `nil` if it has no such form.
    static func unfilledWeight(_ dtype: DType, _ shape: Shape) throws(TensorError) -> (PackedWeight?, Int) {
        guard shape.rank == 2, shape.elementCount > 0, let storage = WeightStorage(dtype) else { return (nil, 0) }
        guard let packed = PackedWeight(unfilled: storage, outputs: shape[0], inputs: shape[1]) else {
            throw .outOfMemory(shape.elementCount &* dtype.itemSize)
        }
        let panelBytes = storage.panelWidth * shape[1] * dtype.itemSize
        return (packed, storage.panelWidth * max(1, pieceByteCount / panelBytes))
    }

    /// Packs a matrix for products on this thread, unless it is packed already.
    func packHere() {
        guard shape.rank == 2, shape.elementCount > 0, let storage = WeightStorage(dtype) else { return }
        _ = try? body.origin.packing.packed(self, as: storage)
    }
}
