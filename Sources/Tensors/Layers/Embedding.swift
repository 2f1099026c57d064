extension Tensor {
    /// Returns the rows of `weight` that `indices` name, under the shape of the indices.
    /// - Parameters:
    ///   - paddingIndex: A row that gets no gradient.
    ///   - scalesByFrequency: Whether a row's gradient is divided by how often it is asked for.
    ///   - table: What the rows are read from where it is not `weight`, to which the gradient goes all the same.
    public static func embedding(
        weight: Tensor,
        indices: Tensor,
        paddingIndex: Int? = nil,
        scalesByFrequency: Bool = false,
        table: Tensor? = nil
    ) throws(TensorError) -> Tensor {
        guard weight.rank == 2 else { throw .embeddingWeightRank }
        guard indices.dtype == .int64 || indices.dtype == .int32 else { throw .embeddingIndexType(indices.dtype) }
        // However narrow the table, each index is checked and its row found.
        try CallMeter.chargeElements(indices.elementCount, cost: CallMeter.comparisonCost)
        let places = indices.scalars(as: Int64.self).map { Int(truncatingIfNeeded: $0) }
        guard places.allSatisfy({ (0..<weight.shape[0]).contains($0) }) else { throw .embeddingIndexOutOfRange }
        let shape = try Shape(checking: indices.shape.dimensions + [weight.shape[1]])
        let result = try Operations.perform("embedding") { () throws(TensorError) in
            try (table ?? weight).picking(places, shape: shape)
        }
        guard Autograd.records(weight) else { return result }
        let form = weight.shape
        let name = NodeName("EmbeddingBackward0", old: "EmbeddingBackward")
        return try result.recorded(name, [weight], saving: [indices]) { gradient, _ in
            let scatter = Scatter(
                gradient: try gradient.widened(),
                places: places,
                skipped: paddingIndex,
                scalesByFrequency: scalesByFrequency,
                shape: form
            )
            return [try gradient.dtype.computing.acceptReal(scatter, kernel: "embedding_backward")]
        }
    }

    /// Returns the table with those of the rows that `indices` name shortened whose norm is above `maxNorm`.
    public func renormalized(
        rows indices: Tensor,
        maxNorm: Double,
        norm: Double
    ) throws(TensorError) -> Tensor {
        guard rank == 2 else { throw .embeddingWeightRank }
        guard indices.dtype == .int64 || indices.dtype == .int32 else { throw .embeddingIndexType(indices.dtype) }
        // Each index is looked up in a set, and at worst put in order.
        try CallMeter.chargeElements(indices.elementCount, cost: CallMeter.scalarCost)
        try CallMeter.chargeSearch(indices.elementCount, among: min(indices.elementCount, shape[0]))
        let places = Set(indices.scalars(as: Int64.self).map { Int(truncatingIfNeeded: $0) }).sorted()
        if let beyond = places.first(where: { $0 >= shape[0] }) {
            throw .selectOutOfRange(beyond, shape: shape.dimensions, dimension: 0)
        }
        guard places.allSatisfy({ $0 >= 0 }) else { throw .embeddingIndexOutOfRange }
        guard !places.isEmpty else { return detached() }
        // Their norms are taken, and what is too long is written into a copy of the table.
        try CallMeter.charge(places.count, shape[1], 1, cost: CallMeter.windowCost)
        let rows = try detached().picking(places, shape: Shape(checking: [places.count, shape[1]]))
        let lengths = try rows.norm(p: norm, dims: [1]).scalars(as: Double.self)
        let factors = zip(places, lengths).filter { $1 > maxNorm }.map { ($0, maxNorm / ($1 + 1e-7)) }
        guard !factors.isEmpty else { return detached() }
        let visitor = Shortening(table: try widened(), factors: factors)
        return try dtype.computing.acceptReal(visitor, kernel: "embedding_renorm").cast(to: dtype)
    }

    /// Returns the rows of this matrix at `places`, one after another.
    private func picking(_ places: [Int], shape: Shape) throws(TensorError) -> Tensor {
        let rowBytes = self.shape[1] * dtype.itemSize
        return try Tensor(uninitialized: dtype, shape: shape) { target in
            withUnsafeBytes { source in
                for (row, place) in places.enumerated() {
                    UnsafeMutableRawBufferPointer(rebasing: target[row * rowBytes..<(row + 1) * rowBytes])
                        .copyMemory(
                            from: UnsafeRawBufferPointer(rebasing: source[place * rowBytes..<(place + 1) * rowBytes])
                        )
                }
            }
        }
    }
}

/// Adds each row of a gradient to the row that it was read from.
private struct Scatter: RealVisitor {
    let gradient: Tensor
    let places: [Int]
    let skipped: Int?
    let scalesByFrequency: Bool
    let shape: Shape

    func visit<R: Real>(_ type: R.Type) throws(TensorError) -> Tensor {
        let width = shape[1]
        if scalesByFrequency { try CallMeter.chargeElements(places.count, cost: CallMeter.scalarCost) }
        try CallMeter.charge(places.count, width, 1, cost: CallMeter.windowCost)
        let counts = scalesByFrequency ? Dictionary(places.map { ($0, 1) }, uniquingKeysWith: +) : [:]
        return try Tensor(of: R.self, shape: shape) { target throws(TensorError) in
            target.initialize(repeating: 0, count: shape.elementCount)
            try gradient.withScalars(of: R.self) { source in
                for (row, place) in places.enumerated() where place != skipped {
                    let factor = 1 / R(counts[place] ?? 1)
                    for column in 0..<width { target[place * width + column] += source[row * width + column] * factor }
                }
            }
        }
    }
}

/// Multiplies some rows by a factor each.
private struct Shortening: RealVisitor {
    let table: Tensor
    let factors: [(row: Int, factor: Double)]

    func visit<R: Real>(_ type: R.Type) throws(TensorError) -> Tensor {
        let (width, source) = (table.shape[1], table.address(of: R.self))
        return try Tensor(of: R.self, shape: table.shape) { target in
            target.initialize(from: source, count: table.elementCount)
            for (row, factor) in factors {
                for column in 0..<width { target[row * width + column] *= R(factor) }
            }
        }
    }
}
