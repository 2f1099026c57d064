import Tensors

/// What the layers that read a table share.
enum EmbeddingTable {
    /// Returns the padding index counted from the front.
    /// - Throws: `ModuleError.invalidPadding` unless the table has that row.
    static func padding(_ index: Int?, of count: Int, isBag: Bool = false) throws(ModuleError) -> Int? {
        guard let index else { return nil }
        // PyTorch lets zero pass here, and finds later that a table without rows has none to clear.
        guard index == 0 || count > 0 && (-count..<count).contains(index) else {
            throw isBag ? .layer(.bagPadding) : .invalidPadding(index: index, count: count)
        }
        return index < 0 ? index + count : index
    }

    /// Returns a table of random rows, with zeros in the row of the padding index.
    static func drawn(
        _ count: Int,
        _ width: Int,
        _ padding: Int?,
        _ dtype: DType,
        _ generator: Generator?
    ) throws -> Parameter {
        let shape = try Shape(checking: [count, width])
        let drawn = try Initial.normal(shape, dtype: dtype, generator: generator)
        if generator?.isIdle == true { return try Parameter(drawn) }
        return try Parameter(padding.map { try clear(row: $0, of: drawn) } ?? drawn)
    }

    private static func clear(row: Int, of table: Tensor) throws -> Tensor {
        guard row < table.shape[0] else {
            throw TensorError.indexOutOfBounds(row, dimension: 0, size: table.shape[0])
        }
        let width = table.byteCount / table.shape[0]
        return try Tensor(dtype: table.dtype, shape: table.shape) { target in
            table.withUnsafeBytes { target.copyMemory(from: $0) }
            let bytes = UnsafeMutableRawBufferPointer(rebasing: target[(row * width)..<((row + 1) * width)])
            bytes.initializeMemory(as: UInt8.self, repeating: 0)
        }
    }
}

extension Slot where Content == Parameter {
    /// Returns the table with the rows that `indices` name shortened to `maxNorm`, and keeps it unless the call is frozen;
    /// `nil` where nothing is shortened.
    func shortened(by maxNorm: PythonNumber?, _ norm: PythonNumber, rows indices: Tensor) throws -> Tensor? {
        guard let maxNorm, let table = value?.detached else { return nil }
        let shortened = try table.renormalized(rows: indices, maxNorm: maxNorm.value, norm: norm.value)
        if CallContext.current?.isFrozen != true { value?.tensor = shortened }
        return shortened
    }
}
