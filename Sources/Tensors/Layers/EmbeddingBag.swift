/// How bags of a table's rows become one row each.
public struct EmbeddingBags: Sendable, Equatable {
    /// What a bag's rows become.
    public enum Mode: String, Sendable {
        case sum, mean, max
    }

    /// What a bag's rows become.
    public var mode: Mode
    /// The row that counts in no bag.
    public var paddingIndex: Int?
    /// Whether a row's gradient is divided by how often it is asked for.
    public var scalesByFrequency = false
    /// Whether the last offset is where the last bag ends.
    public var includesLastOffset = false

    /// Creates bags of that mode.
    public init(_ mode: Mode, paddingIndex: Int? = nil) {
        (self.mode, self.paddingIndex) = (mode, paddingIndex)
    }
}

extension Tensor {
    /// Returns a row for each bag of indices: PyTorch's `F.embedding_bag`.
    /// - Parameters:
    ///   - indices: A matrix whose rows are the bags, or all of them in a row.
    ///   - offsets: Where each bag begins, of indices in a row.
    ///   - sampleWeights: What each row is multiplied by, for sums.
    ///   - table: What the rows are read from where it is not `weight`, to which the gradient goes all the same.
    public static func embeddingBag(
        weight: Tensor,
        indices: Tensor,
        offsets: Tensor? = nil,
        sampleWeights: Tensor? = nil,
        _ bags: EmbeddingBags,
        table: Tensor? = nil
    ) throws(TensorError) -> Tensor {
        let call = try BagCall(weight, indices, offsets, sampleWeights, bags)
        let rows = try (table ?? weight).widened()
        let shape = try Shape(checking: [call.ranges.count, weight.shape[1]])
        let (result, winners) = try Operations.perform("embedding_bag") { () throws(TensorError) -> (Tensor, [Int]) in
            try CallMeter.charge(call.places.count, shape[1], 1, cost: CallMeter.windowCost)
            let visitor = BagSums(call: call, rows: rows, weights: try sampleWeights?.widened(), shape: shape)
            let (sums, winners) = try weight.dtype.computing.acceptReal(visitor, kernel: "embedding_bag")
            return (try sums.cast(to: weight.dtype), winners)
        }
        let inputs = [weight] + (sampleWeights.map { [$0] } ?? [])
        guard inputs.contains(where: { Autograd.records($0) }) else { return result }
        let (form, wide) = (weight.shape, try sampleWeights?.detached().widened())
        let name = NodeName("EmbeddingBagBackward0", old: "EmbeddingBagBackward")
        return try result.recorded(name, inputs, saving: [indices]) { gradient, _ in
            let gradientRows = try gradient.widened()
            let back = BagGradients(
                call: call,
                gradient: gradientRows,
                rows: rows,
                weights: wide,
                winners: winners,
                shape: form
            )
            let found = try gradientRows.dtype.acceptReal(back, kernel: "embedding_bag")
            return try found.map { try $0.cast(to: gradient.dtype) }
        }
    }
}

/// The indices of a call, and which of them each bag holds.
private struct BagCall: Sendable {
    let places: [Int]
    let ranges: [Range<Int>]
    let bags: EmbeddingBags
    /// What each row's gradient is divided by; empty where it is not.
    var frequencies: [Int: Int] = [:]

    init(
        _ weight: Tensor,
        _ indices: Tensor,
        _ offsets: Tensor?,
        _ samples: Tensor?,
        _ bags: EmbeddingBags
    ) throws(TensorError) {
        self.bags = bags
        if let samples, samples.shape != indices.shape {
            throw .layer(.bag(.sampleWeights(samples.shape.dimensions, input: indices.shape.dimensions)))
        }
        guard weight.rank == 2 else { throw .layer(.bag(.weightRank(weight.rank))) }
        if let problem = Self.problem(indices, offsets) { throw .layer(.bag(problem)) }
        if samples != nil, bags.mode != .sum { throw .layer(.bag(.sampledMode(bags.mode.rawValue))) }
        for tensor in [indices, offsets ?? indices] where tensor.dtype != .int64 && tensor.dtype != .int32 {
            throw .layer(.bag(.indexType(tensor.dtype)))
        }
        if let samples, samples.dtype != weight.dtype {
            throw .layer(.bag(.sampleTypes(weight: weight.dtype, samples.dtype)))
        }
        try CallMeter.chargeElements(indices.elementCount, cost: CallMeter.windowCost)
        // Each bag is found, walked through and divided by itself.
        try CallMeter.chargeElements(offsets?.elementCount ?? indices.shape[0], cost: CallMeter.scalarCost)
        places = indices.scalars(as: Int64.self).map { Int(truncatingIfNeeded: $0) }
        ranges = try Self.ranges(of: indices, offsets, includesLast: bags.includesLastOffset && offsets != nil)
        let rows = weight.shape[0]
        if let wrong = places.firstIndex(where: { !(0..<rows).contains($0) }) {
            throw .layer(
                .bag(
                    .index(
                        at: wrong,
                        places[wrong],
                        count: rows,
                        isAdded: bags.mode != .max && bags.paddingIndex == nil && weight.dtype != .float64
                    )
                )
            )
        }
        guard bags.scalesByFrequency else { return }
        // They are counted in one dictionary, put into another, and sorted.
        try CallMeter.chargeElements(places.count, cost: 2 * CallMeter.scalarCost)
        try CallMeter.chargeSearch(places.count, among: places.count, cost: 2 * CallMeter.comparisonCost)
        frequencies = Self.frequencies(places)
    }

    /// PyTorch divides the gradient of the n-th row in order by how often the n-th index in order is asked for.
    private static func frequencies(_ places: [Int]) -> [Int: Int] {
        let counts = Dictionary(places.map { ($0, 1) }, uniquingKeysWith: +)
        let pairs = zip(counts.keys.sorted(), places.sorted()).map { ($0, counts[$1] ?? 1) }
        return Dictionary(uniqueKeysWithValues: pairs)
    }

    private static func problem(_ indices: Tensor, _ offsets: Tensor?) -> BagProblem? {
        switch indices.rank {
        case 2 where offsets != nil: .offsetsOfMatrix
        case 2 where indices.shape[1] == 0: .emptyBags
        case 2: nil
        case 1: offsets.map { $0.rank == 1 ? nil : .offsetsRank } ?? .noOffsets
        default: .inputRank(indices.rank)
        }
    }

    private static func ranges(
        of indices: Tensor,
        _ offsets: Tensor?,
        includesLast: Bool
    ) throws(TensorError) -> [Range<Int>] {
        guard let offsets else {
            let (count, size) = (indices.shape[0], indices.shape[1])
            return (0..<count).map { $0 * size..<($0 + 1) * size }
        }
        var starts = offsets.scalars(as: Int64.self).map { Int(truncatingIfNeeded: $0) }
        let count = indices.elementCount
        if includesLast, starts.isEmpty { throw .layer(.bag(.noLastOffset)) }
        if let first = starts.first, first != 0 { throw .layer(.bag(.firstOffset(first))) }
        if let last = starts.last, last > count { throw .layer(.bag(.lastOffset(last, count: count))) }
        if !includesLast { starts.append(count) }
        guard zip(starts, starts.dropFirst()).allSatisfy({ $0 <= $1 }) else { throw .layer(.bag(.decreasing)) }
        return zip(starts, starts.dropFirst()).map { $0..<$1 }
    }

    /// Calls `body` with each index that counts in a bag, and with its place among all.
    @inline(__always)
    func forEachIndex(of bag: Int, _ body: (_ sample: Int, _ row: Int) -> Void) {
        for sample in ranges[bag] where places[sample] != bags.paddingIndex { body(sample, places[sample]) }
    }

    /// How many indices count in a bag.
    func size(of bag: Int) -> Int { ranges[bag].count { places[$0] != bags.paddingIndex } }
}

private struct BagSums: RealVisitor {
    let call: BagCall
    let rows: Tensor
    let weights: Tensor?
    let shape: Shape

    func visit<R: Real>(_ type: R.Type) throws(TensorError) -> (sums: Tensor, winners: [Int]) {
        let (width, source) = (shape[1], rows.address(of: R.self))
        let factors = weights?.address(of: R.self)
        var winners = [Int](repeating: -1, count: call.bags.mode == .max ? shape.elementCount : 0)
        let sums = try Tensor(of: R.self, shape: shape) { target in
            target.initialize(repeating: 0, count: shape.elementCount)
            for bag in call.ranges.indices {
                let row = target + bag * width
                if call.bags.mode == .max {
                    call.forEachIndex(of: bag) { _, place in
                        for column in 0..<width {
                            let number = source[place * width + column]
                            guard winners[bag * width + column] < 0 || number > row[column] else { continue }
                            (row[column], winners[bag * width + column]) = (number, place)
                        }
                    }
                } else {
                    call.forEachIndex(of: bag) { sample, place in
                        let factor = factors?[sample] ?? 1
                        for column in 0..<width { row[column] += factor * source[place * width + column] }
                    }
                }
                let size = call.size(of: bag)
                guard call.bags.mode == .mean, size > 0 else { continue }
                for column in 0..<width { row[column] /= R(size) }
            }
        }
        return (sums, winners)
    }
}

private struct BagGradients: RealVisitor {
    let call: BagCall
    let gradient: Tensor
    let rows: Tensor
    let weights: Tensor?
    let winners: [Int]
    let shape: Shape

    func visit<R: Real>(_ type: R.Type) throws(TensorError) -> [Tensor] {
        let ofTable = try Tensor(of: R.self, shape: shape) { target in
            target.initialize(repeating: 0, count: shape.elementCount)
            scatter(into: target)
        }
        guard let weights else { return [ofTable] }
        return [ofTable, try ofSamples(R.self, shape: weights.shape)]
    }

    private func scatter<R: Real>(into target: UnsafeMutablePointer<R>) {
        let (width, source) = (shape[1], gradient.address(of: R.self))
        let factors = weights?.address(of: R.self)
        guard call.bags.mode != .max else {
            for (index, place) in winners.enumerated() where place >= 0 {
                target[place * width + index % width] += source[index]
            }
            return
        }
        for bag in call.ranges.indices {
            let size = call.bags.mode == .mean ? R(call.size(of: bag)) : 1
            call.forEachIndex(of: bag) { sample, place in
                let factor = (factors?[sample] ?? 1) / size / R(call.frequencies[place] ?? 1)
                for column in 0..<width { target[place * width + column] += factor * source[bag * width + column] }
            }
        }
    }

    private func ofSamples<R: Real>(_ type: R.Type, shape form: Shape) throws(TensorError) -> Tensor {
        let (width, source, table) = (shape[1], gradient.address(of: R.self), rows.address(of: R.self))
        return try Tensor(of: R.self, shape: form) { target in
            target.initialize(repeating: 0, count: form.elementCount)
            for bag in call.ranges.indices {
                call.forEachIndex(of: bag) { sample, place in
                    for column in 0..<width {
                        target[sample] += source[bag * width + column] * table[place * width + column]
                    }
                }
            }
        }
    }
}
