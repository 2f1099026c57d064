extension Tensor {
    /// Returns the elements with all but the `k` largest of each row of the last axis set to zero.
    ///
    /// NaN counts as the largest; among equal elements the first are kept.
    public func keepingTopK(_ k: Int) throws(TensorError) -> Tensor {
        let length = shape.last ?? 1
        guard (0...length).contains(k) else { throw .topKOutOfRange }
        return try keeping("topk") { () throws(TensorError) in
            try dtype.computing.acceptArithmetic(TopKMask(tensor: try widened(), count: k), kernel: "topk_cpu")
        }
    }

    /// Returns the elements with those at `indices` of the last axis set to zero, NaN too; negative ones count from the end.
    public func zeroing(indices: [Int]) throws(TensorError) -> Tensor {
        let length = shape.last ?? 1
        for index in indices where !(-length..<length).contains(index) {
            throw .indexOutOfBounds(index, dimension: 0, size: length)
        }
        return try keeping("masked_fill") { () throws(TensorError) in
            var row = [Bool](repeating: true, count: length)
            for index in indices { row[index < 0 ? index + length : index] = false }
            return try Tensor(row, shape: Shape([length], elementCount: length)).expanded(
                to: rank == 0 ? Shape([1], elementCount: 1) : shape
            )
        }
    }

    /// Returns the elements where a mask of bools, one for each, is true, and zeros elsewhere.
    private func keeping(_ operation: StaticString, _ mask: () throws(TensorError) -> Tensor) throws(TensorError)
        -> Tensor
    {
        let (result, mask) = try Operations.perform(operation) { () throws(TensorError) -> (Tensor, Tensor) in
            let mask = try mask()
            return (try dtype.accept(Selection(tensor: self, mask: mask)), mask)
        }
        guard Autograd.records(self) else { return result }
        let name = NodeName("MaskedFillBackward0")
        return try result.recorded(name, [self], saving: [mask]) { gradient, _ in
            [try gradient.dtype.accept(Selection(tensor: gradient, mask: mask))]
        }
    }
}

/// Copies the elements where the mask is true.
private struct Selection: ScalarVisitor {
    let tensor: Tensor
    let mask: Tensor

    func visit<S: Scalar>(_ type: S.Type) throws(TensorError) -> Tensor {
        try Tensor(of: S.self, shape: tensor.shape) { target throws(TensorError) in
            try tensor.withScalars(of: S.self) { source throws(TensorError) in
                try mask.withScalars(of: Bool.self) { mask in
                    for index in 0..<tensor.elementCount {
                        (target + index).initialize(to: mask[index] ? source[index] : S(converting: 0 as Int64))
                    }
                }
            }
        }
    }
}

/// Marks the largest elements of each row of the last axis.
private struct TopKMask: ArithmeticVisitor {
    let tensor: Tensor
    let count: Int

    func visit<A: Arithmetic>(_ type: A.Type) throws(TensorError) -> Tensor {
        let length = tensor.shape.last ?? 1
        let shape = tensor.shape
        return try Tensor(of: Bool.self, shape: shape) { target throws(TensorError) in
            target.initialize(repeating: false, count: shape.elementCount)
            guard shape.elementCount > 0 else { return }
            try tensor.withScalars(of: A.self) { source in
                for start in stride(from: 0, to: shape.elementCount, by: length) {
                    for place in places(of: source + start, length) { target[start + place] = true }
                }
            }
        }
    }

    private func places<A: Arithmetic>(of row: UnsafePointer<A>, _ length: Int) -> ArraySlice<Int> {
        let ranked = (0..<length).sorted { first, second in
            if A.isLarger(row[first], row[second]) { return true }
            return !A.isLarger(row[second], row[first]) && first < second
        }
        return ranked.prefix(count)
    }
}
