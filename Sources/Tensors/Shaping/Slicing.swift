extension Tensor {
    /// Returns `length` slices of `dim` from `start` on, which counts from the end when negative.
    public func narrowed(_ dim: Int, start: Int, length: Int) throws(TensorError) -> Tensor {
        guard rank > 0 else { throw .function(.narrowScalar) }
        guard length >= 0 else { throw .function(.narrowLength) }
        let axis = try shape.axis(dim)
        let size = shape[axis]
        guard start >= -size, start <= size else { throw .function(.narrowStart(start, size: size)) }
        let first = start < 0 ? start + size : start
        guard length <= size - first else { throw .sliceOutOfBounds(start: first, length: length, size: size) }
        return try sliced(axis, from: first, count: length)
    }

    /// Returns the slice at `index` of `dim`, which vanishes.
    public func selected(_ dim: Int, _ index: Int) throws(TensorError) -> Tensor {
        guard rank > 0 else { throw .function(.selectScalar) }
        let axis = try shape.axis(dim)
        let size = shape[axis]
        guard index >= -size, index < size else {
            throw .function(.selectIndex(index, shape: shape.dimensions, dimension: axis))
        }
        return try picked(axis, at: index < 0 ? index + size : index)
    }

    func picked(_ axis: Int, at index: Int) throws(TensorError) -> Tensor {
        var view = StridedView(self)
        view.select(axis, at: index)
        return try viewing(view, "select", NodeName("SelectBackward0", old: "SelectBackward"))
    }

    func sliced(_ axis: Int, from start: Int, count: Int, step: Int = 1) throws(TensorError) -> Tensor {
        var view = StridedView(self)
        view.slice(axis, from: start, count: count, step: step)
        return try viewing(view, "slice", NodeName("SliceBackward0", old: "SliceBackward"))
    }

    /// Returns parts of `size` slices of `dim`, the last one smaller if they do not come out even.
    public func split(_ size: Int, dim: Int = 0) throws(TensorError) -> [Tensor] {
        guard rank > 0 else { throw .function(.noAxes("split")) }
        guard size >= 0 else { throw .function(.negativeSplit(size)) }
        let axis = try shape.axis(dim)
        let length = shape[axis]
        guard size > 0 || length == 0 else { throw .function(.emptySplit(length)) }
        let count = length == 0 ? 1 : (length - 1) / size + 1
        guard count <= Self.mostParts else { throw .storageOverflow(shape: shape.dimensions) }
        var parts: [Tensor] = []
        for part in 0..<count {
            parts.append(try sliced(axis, from: part * size, count: min(size, length - part * size)))
        }
        return parts
    }

    /// Returns parts of `sizes` slices of `dim`, which must be all there are.
    public func split(_ sizes: [Int], dim: Int = 0) throws(TensorError) -> [Tensor] {
        guard rank > 0 else { throw .function(.noAxes("split")) }
        let axis = try shape.axis(dim)
        guard sizes.allSatisfy({ $0 >= 0 }) else { throw .function(.negativeSplits(sizes)) }
        var (rest, parts) = (shape[axis], [Tensor]())
        for size in sizes where rest >= 0 { rest -= min(size, rest + 1) }
        guard rest == 0 else {
            throw .function(.splitSum(sizes, size: shape[axis], dimension: axis))
        }
        var start = 0
        for size in sizes {
            parts.append(try sliced(axis, from: start, count: size))
            start += size
        }
        return parts
    }

    /// Returns at most `chunks` parts of equal size, but for the last.
    public func chunk(_ chunks: Int, dim: Int = 0) throws(TensorError) -> [Tensor] {
        guard rank > 0 else { throw .function(.noAxes("chunk")) }
        guard chunks > 0 else { throw .function(.chunkCount(chunks)) }
        let length = try shape[shape.axis(dim)]
        let size = length == 0 ? 0 : (length - 1) / chunks + 1
        guard size > 0 else {
            guard chunks <= Self.mostParts else { throw .storageOverflow(shape: [chunks]) }
            return try split([Int](repeating: 0, count: chunks), dim: dim)
        }
        return try split(size, dim: dim)
    }

    /// More parts than this are refused, also empty ones.
    private static let mostParts = 1 << 20

    /// Returns the slices of `dim`.
    public func unbind(dim: Int = 0) throws(TensorError) -> [Tensor] {
        let axis = try shape.axis(dim)
        guard rank > 0 else { throw .function(.noDimension) }
        guard shape[axis] <= Self.mostParts else { throw .storageOverflow(shape: shape.dimensions) }
        var parts: [Tensor] = []
        for index in 0..<shape[axis] { parts.append(try picked(axis, at: index)) }
        return parts
    }

    /// Returns the elements whose places along both axes differ by `offset`, as a last axis.
    public func diagonal(offset: Int = 0, dim1: Int = 0, dim2: Int = 1) throws(TensorError) -> Tensor {
        let (first, second) = (try shape.axis(dim1), try shape.axis(dim2))
        guard first != second else { throw .function(.diagonalAxes(dim1, dim2)) }
        var view = StridedView(self)
        let (rows, columns) = (view.axes[first], view.axes[second])
        let start =
            offset >= 0 ? (row: 0, column: min(offset, columns.size)) : (row: min(0 &- offset, rows.size), column: 0)
        let count = offset == .min ? 0 : max(min(rows.size - start.row, columns.size - start.column), 0)
        if count > 0 { view.offset = start.row * rows.stride + start.column * columns.stride }
        view.axes = view.axes.indices.filter { $0 != first && $0 != second }.map { view.axes[$0] }
        view.axes.append(
            .init(size: count, stride: rows.stride + columns.stride, step: rows.step + columns.step)
        )
        return try viewing(view, "diagonal", NodeName("DiagonalBackward0", old: "DiagonalBackward"))
    }
}
