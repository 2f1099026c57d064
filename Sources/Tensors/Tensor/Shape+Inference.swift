extension Shape {
    /// Creates what `sizes` says for `elementCount` elements, with PyTorch's rules for the one that may be -1.
    init(inferring sizes: [Int], elementCount: Int) throws(TensorError) {
        for (index, size) in sizes.enumerated() where size < -1 {
            throw .invalidReshapeDimension(size, index: index, shape: sizes)
        }
        guard sizes.count(where: { $0 == -1 }) <= 1 else { throw .severalInferredDimensions }
        var (known, overflows) = (1, false)
        for size in sizes where size >= 0 {
            let (product, overflow) = known.multipliedReportingOverflow(by: size)
            (known, overflows) = (product, overflows || overflow)
        }
        guard !overflows else { throw .invalidReshape(sizes, elementCount: elementCount) }
        guard let unknown = sizes.firstIndex(of: -1) else {
            guard known == elementCount else { throw .invalidReshape(sizes, elementCount: elementCount) }
            try self.init(checking: sizes)
            return
        }
        guard known > 0 else {
            throw elementCount == 0 ? .ambiguousReshape(sizes) : .invalidReshape(sizes, elementCount: elementCount)
        }
        guard elementCount % known == 0 else { throw .invalidReshape(sizes, elementCount: elementCount) }
        var sizes = sizes
        sizes[unknown] = elementCount / known
        try self.init(checking: sizes)
    }

    /// The shape of a matrix whose rows are all axes but the last.
    func foldedIntoRows() throws(TensorError) -> Shape {
        guard let columns = last else { return self }
        return try Shape(checking: [dimensions.dropLast().reduce(1, *), columns])
    }
}
