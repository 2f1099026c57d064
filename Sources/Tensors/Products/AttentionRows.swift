internal import CKernels

/// An operand of attention: rows of three axes, the first or the second of which is the batch, from a column on.
package struct AttentionOperand {
    let tensor: Tensor
    let column: Int
    let isBatchFirst: Bool

    /// The numbers of `tensor` from `column` on.
    package init(_ tensor: Tensor, column: Int = 0, isBatchFirst: Bool) {
        (self.tensor, self.column, self.isBatchFirst) = (tensor, column, isBatchFirst)
    }

    var batch: Int { tensor.shape[isBatchFirst ? 0 : 1] }
    var rows: Int { tensor.shape[isBatchFirst ? 1 : 0] }
    private var size: Int { tensor.shape[2] }

    /// Where its numbers begin, and how far the next row and the next entry of the batch are.
    fileprivate var layout: AttentionRows.Layout {
        AttentionRows.Layout(
            start: tensor.address(of: Float.self) + column,
            row: isBatchFirst ? size : batch * size,
            entry: isBatchFirst ? rows * size : size
        )
    }

    fileprivate func holds(_ columns: Int) -> Bool { columns >= 0 && column >= 0 && column <= size - columns }
}

/// Attention over floats where nobody asks for gradients: some queries of one head at a time, with the scores of those alone.
///
/// Sums and functions are those of `matmul` and `softmax`, in their order, and so are the bits.
struct AttentionRows: @unchecked Sendable {
    // The pointers lie in tensors that outlive the rows; heads write to places of their own.

    /// Where an operand's numbers begin, and how far the next row and the next entry of the batch are.
    struct Layout {
        let start: UnsafePointer<Float>
        let row, entry: Int
    }

    /// What is added to the scores: where it begins, and how far the next row and the next head are.
    struct Mask {
        let start: UnsafePointer<Float>
        let row, head: Int
    }

    let query, key, value: Layout
    let batch, heads, queries, keys, width, valueWidth: Int
    /// What queries are multiplied by.
    let scale: Float
    let mask: Mask?
    /// Whether a query sees no key after its own place.
    let isCausal: Bool
    /// Where the output goes.
    let target: UnsafeMutablePointer<Float>
    /// How far the next row and the next entry of the batch are in it.
    let targetRow, targetEntry: Int
    /// Where the weights go, if they are wanted.
    let weights: UnsafeMutablePointer<Float>?

    /// The scores that are held at once, about.
    private static let scoreCount = 1 << 14

    /// Counts the multiply-adds, and checks that there is room for the scores of some queries.
    func check() throws(TensorError) {
        try CallMeter.charge(batch * heads * queries, keys, width)
        try CallMeter.charge(batch * heads * queries, keys, valueWidth)
        try TensorBody.check(saturating: capacity, MemoryLayout<Float>.size)
    }

    /// The queries whose scores are held at once.
    private var block: Int { min(queries, max(8, Self.scoreCount / max(keys, 1))) }

    private var keyBytes: Int { callpath_packed_bytes(CALLPATH_F32, keys, width) }
    private var valueBytes: Int { callpath_packed_bytes(CALLPATH_F32, valueWidth, keys) }
    private var capacity: Int { (keyBytes + valueBytes) / 4 + block * (width + (weights == nil ? keys : 0)) + 32 }

    func run() {
        let work = Double(queries) * Double(keys) * Double(width + valueWidth + Self.workPerScore)
        ProductPlan().share(units: batch * heads, work: work) { units in
            withUnsafeTemporaryAllocation(byteCount: capacity * 4, alignment: 64) { buffer in
                guard let room = buffer.baseAddress?.assumingMemoryBound(to: Float.self) else { return }
                for unit in units {
                    let (entry, head) = unit.quotientAndRemainder(dividingBy: heads)
                    self.head(entry, head, room)
                }
            }
        }
    }

    /// About how many multiply-adds softmax takes for a score.
    private static let workPerScore = 32

    private func head(_ entry: Int, _ head: Int, _ room: UnsafeMutablePointer<Float>) {
        let table = KernelSet.current.table.pointee
        let (packedKeys, packedValues) = (room, room + keyBytes / 4)
        let scaled = packedValues + valueBytes / 4
        pack(key, entry, head * width, outputs: keys, inputs: width, isTransposed: false, to: packedKeys)
        pack(value, entry, head * valueWidth, outputs: valueWidth, inputs: keys, isTransposed: true, to: packedValues)
        let rows = query.start + entry * query.entry + head * width
        let out = target + entry * targetEntry + head * valueWidth
        for first in stride(from: 0, to: queries, by: block) {
            let count = min(block, queries - first)
            for row in 0..<count {
                let (from, to) = (rows + (first + row) * query.row, scaled + row * width)
                for index in 0..<width { to[index] = from[index] * scale }
            }
            let place = ((entry * heads + head) * queries + first) * keys
            let scores = weights.map { $0 + place } ?? scaled + block * width
            let products = PanelForm(rows: count, inner: width, outputs: keys, outputStride: keys)
            table.linear_f32(products.product(width: Float.panelWidth), scaled, packedKeys, nil, scores)
            for row in 0..<count {
                let line = scores + row * keys
                if let mask {
                    let added = mask.start + (entry * heads + head) * mask.head + (first + row) * mask.row
                    for index in 0..<keys { line[index] += added[index] }
                }
                if isCausal { for index in min(keys, first + row + 1)..<keys { line[index] = -.infinity } }
                table.softmax_f32(line, keys, line)
            }
            let sums = PanelForm(rows: count, inner: keys, outputs: valueWidth, outputStride: targetRow)
            table.linear_f32(
                sums.product(width: Float.panelWidth),
                scores,
                packedValues,
                nil,
                out + first * targetRow
            )
        }
    }

    private func pack(
        _ operand: Layout,
        _ entry: Int,
        _ column: Int,
        outputs: Int,
        inputs: Int,
        isTransposed: Bool,
        to target: UnsafeMutablePointer<Float>
    ) {
        let weight = callpath_weight(
            elements: operand.start + entry * operand.entry + column,
            outputs: outputs,
            inputs: inputs,
            output_stride: isTransposed ? 1 : operand.row,
            input_stride: isTransposed ? operand.row : 1
        )
        callpath_pack(CALLPATH_F32, weight, target)
    }
}

extension Tensor {
    /// Whether this one and `other` are the same numbers under one shape.
    package func isSame(as other: Tensor) -> Bool {
        body.start == other.body.start && shape == other.shape && dtype == other.dtype
    }
}

extension HeadAttention {
    /// Whether `quickOutput` can do with such tensors.
    package static func isQuick(_ tensors: [Tensor]) -> Bool {
        !Operations.areObserved && tensors.allSatisfy { $0.dtype == .float32 }
            && !(Autograd.isRecording && tensors.contains(where: \.requiresGrad))
    }

    /// Returns the means for query, key and value, `[rows, batch, size]`, and the weights if they are wanted, where all are
    /// floats and nobody watches, drops or asks for gradients; `nil` elsewhere.
    package func quickOutput(
        operands: [AttentionOperand],
        size: Int,
        mask: Tensor?,
        needsWeights: Bool
    ) throws(TensorError) -> (output: Tensor, weights: Tensor?)? {
        guard operands.count == 3 else { return nil }
        let (query, key, value) = (operands[0], operands[1], operands[2])
        let tensors = operands.map(\.tensor) + [mask].compactMap(\.self)
        let (rows, batch, keys) = (query.rows, query.batch, key.rows)
        guard Self.isQuick(tensors), generator == nil || dropout == 0,
            operands.allSatisfy({ $0.batch == batch && $0.holds(size) }),
            value.rows == keys,
            heads > 0, size > 0, size % heads == 0, rows > 0, batch > 0, keys > 0,
            mask.map({ isMask($0, batch, rows, keys) }) ?? true
        else { return nil }
        let width = size / heads
        let form = try Shape(checking: [batch * heads, rows, keys])
        func attended(_ weights: UnsafeMutablePointer<Float>?) throws(TensorError) -> Tensor {
            try Tensor(of: Float.self, shape: try Shape(checking: [rows, batch, size])) { target throws(TensorError) in
                let work = AttentionRows(
                    query: query.layout,
                    key: key.layout,
                    value: value.layout,
                    batch: batch,
                    heads: heads,
                    queries: rows,
                    keys: keys,
                    width: width,
                    valueWidth: width,
                    scale: Float(1 / Double(width).squareRoot()),
                    mask: mask.map { self.mask($0, rows, keys) },
                    isCausal: false,
                    target: target,
                    targetRow: batch * size,
                    targetEntry: size,
                    weights: weights
                )
                try work.check()
                work.run()
            }
        }
        defer { withExtendedLifetime(tensors) {} }
        guard needsWeights else { return (try attended(nil), nil) }
        var output: Tensor?
        let weights = try Tensor(of: Float.self, shape: form) { weights throws(TensorError) in
            output = try attended(weights)
        }
        return output.map { ($0, weights) }
    }

    private func isMask(_ mask: Tensor, _ batch: Int, _ rows: Int, _ keys: Int) -> Bool {
        let shape = mask.shape.dimensions
        return shape == [rows, keys] || shape == [batch * heads, rows, keys] || shape == [batch * heads, 1, keys]
    }

    private func mask(_ mask: Tensor, _ rows: Int, _ keys: Int) -> AttentionRows.Mask {
        let isShared = mask.rank == 2
        let height = mask.shape[mask.rank - 2]
        return AttentionRows.Mask(
            start: mask.address(of: Float.self),
            row: height == 1 && rows > 1 ? 0 : keys,
            head: isShared ? 0 : height * keys
        )
    }
}

extension Tensor {
    /// Returns the attention of queries to keys of the same leading axes, as `AttentionRows` computes it; `nil` elsewhere.
    static func quickAttention(
        _ query: Tensor,
        _ key: Tensor,
        _ value: Tensor,
        _ options: AttentionOptions,
        scale: Double
    ) throws(TensorError) -> Tensor? {
        let tensors = [query, key, value]
        guard !Operations.areObserved, options.mask == nil, options.dropout == 0, !options.sharesHeads,
            tensors.allSatisfy({ $0.dtype == .float32 && $0.rank == query.rank && $0.elementCount > 0 }),
            !(Autograd.isRecording && tensors.contains(where: \.requiresGrad)),
            tensors.allSatisfy({ $0.shape.dropLast(2).elementsEqual(query.shape.dropLast(2)) })
        else { return nil }
        let (rows, keys) = (query.shape[query.rank - 2], key.shape[query.rank - 2])
        let (width, valueWidth) = (query.shape[query.rank - 1], value.shape[query.rank - 1])
        guard key.shape[query.rank - 1] == width, value.shape[query.rank - 2] == keys else { return nil }
        let shape = try Shape(checking: query.shape.dropLast(1) + [valueWidth])
        func layout(_ tensor: Tensor) -> AttentionRows.Layout {
            let (height, width) = (tensor.shape[tensor.rank - 2], tensor.shape[tensor.rank - 1])
            return AttentionRows.Layout(start: tensor.address(of: Float.self), row: width, entry: height * width)
        }
        return try Tensor(of: Float.self, shape: shape) { target throws(TensorError) in
            let work = AttentionRows(
                query: layout(query),
                key: layout(key),
                value: layout(value),
                batch: shape.dropLast(2).reduce(1, *),
                heads: 1,
                queries: rows,
                keys: keys,
                width: width,
                valueWidth: valueWidth,
                scale: Float(scale),
                mask: nil,
                isCausal: options.isCausal,
                target: target,
                targetRow: valueWidth,
                targetEntry: rows * valueWidth,
                weights: nil
            )
            try work.check()
            work.run()
        }
    }
}
