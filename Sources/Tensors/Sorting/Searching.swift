extension Tensor {
    /// Returns, for each element of `values`, where it would be put into this sorted vector, or into its own row of these.
    ///
    /// - Parameters:
    ///   - right: Whether equals are passed.
    ///   - sorter: The order that sorts this tensor, if it is not sorted itself.
    public func searchSorted(
        _ values: Operand,
        outInt32: Bool = false,
        right: Bool = false,
        sorter: Tensor? = nil
    ) throws(TensorError) -> Tensor {
        let wanted = try values.asTensor()
        if values.isNumber || wanted.rank == 0, rank != 1 {
            throw .function(.searchedScalar(rank, wanted.rank, wanted.elementCount))
        }
        guard rank == 1 || shape.dropLast().elementsEqual(wanted.shape.dropLast()) else {
            throw .function(.searchedShapes(shape.dimensions, wanted.shape.dimensions))
        }
        return try search(wanted, outInt32: outInt32, right: right, sorter: sorter, "searchsorted")
    }

    /// Returns whether equals are passed, by the name of a side, if there is one, or the flag beside it.
    public static func isRight(side: String?, right: Bool) throws(TensorError) -> Bool {
        guard let side else { return right }
        guard ["left", "right"].contains(side) else { throw .function(.unknownSide(side)) }
        guard side == "right" || !right else { throw .function(.oppositeSides) }
        return side == "right"
    }

    /// Returns the numbers of the intervals between `boundaries`, a sorted vector, that the elements lie in.
    public static func bucketize(
        _ values: Operand,
        _ boundaries: Tensor,
        outInt32: Bool = false,
        right: Bool = false
    ) throws(TensorError) -> Tensor {
        guard boundaries.rank == 1 else { throw .function(.boundariesRank(boundaries.rank)) }
        return try boundaries.search(values.asTensor(), outInt32: outInt32, right: right, sorter: nil, "bucketize")
    }

    private func search(
        _ wanted: Tensor,
        outInt32: Bool,
        right: Bool,
        sorter: Tensor?,
        _ operation: StaticString
    ) throws(TensorError) -> Tensor {
        try Operations.perform(operation) { () throws(TensorError) in
            try CallMeter.chargeSearch(wanted.elementCount, among: shape.last ?? 1)
            let sequence: Tensor
            if let sorter { sequence = try detached().gather(-1, sorter) } else { sequence = self }
            let dtype = try sequence.dtype.promoted(with: wanted.dtype)
            let search = Search(
                sequence: try sequence.cast(to: dtype).widened(),
                wanted: try wanted.cast(to: dtype).widened(),
                passesEquals: right
            )
            let places = try dtype.computing.acceptArithmetic(search, kernel: "searchsorted_out_cpu")
            return outInt32 ? try places.cast(to: .int32) : places
        }
    }
}

private struct Search: ArithmeticVisitor {
    let sequence: Tensor
    let wanted: Tensor
    let passesEquals: Bool

    func visit<A: Arithmetic>(_ type: A.Type) throws(TensorError) -> Tensor {
        let length = sequence.shape.last ?? 1
        let perRow = sequence.rank == 1 ? wanted.elementCount : wanted.shape.last ?? 1
        return try Tensor(of: Int64.self, shape: wanted.shape) { target throws(TensorError) in
            try sequence.withScalars(of: A.self) { sequence throws(TensorError) in
                try wanted.withScalars(of: A.self) { wanted in
                    for index in 0..<self.wanted.elementCount {
                        let row = sequence + index / max(perRow, 1) * length
                        (target + index).initialize(to: Int64(place(of: wanted[index], in: row, length)))
                    }
                }
            }
        }
    }

    @inline(__always)
    private func place<A: Arithmetic>(of value: A, in row: UnsafePointer<A>, _ length: Int) -> Int {
        var (first, last) = (0, length)
        while first < last {
            let middle = first + (last - first) / 2
            let isPassed = A.isLess(value, row[middle]) || (!passesEquals && A.isEqual(value, row[middle]))
            if isPassed { last = middle } else { first = middle + 1 }
        }
        return first
    }
}
