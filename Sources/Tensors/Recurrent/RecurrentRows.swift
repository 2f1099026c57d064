internal import CKernels

/// A layer of a recurrent network over floats, in one direction, where nobody asks for gradients: rows go through all steps
/// by themselves, some on each thread, and leave nothing behind but their states.
struct RecurrentRows: Sendable {
    private let mode: RecurrentMode
    private let size, stateSize: Int
    private let weights: RecurrentWeights
    private let isReversed: Bool
    /// Where the numbers of a step and of a row lie, in rows of a matrix.
    private let stepStride, rowStride: Int
    private let steps, rows: Int

    /// Where a layer's states go.
    struct Target: @unchecked Sendable {
        // Rows write to places of their own.
        /// The states of all steps, in lines of `width`, from `column` on.
        let states: UnsafeMutablePointer<Float>
        let width, column: Int
        /// The last states of all rows.
        let state: UnsafeMutablePointer<Float>
        /// Those of an LSTM's cells.
        let cell: UnsafeMutablePointer<Float>?
    }

    /// The layer with `weights` over a sequence of three axes, of which `isBatchFirst` says which counts steps.
    init(_ mode: RecurrentMode, _ weights: RecurrentWeights, isReversed: Bool, input: Tensor, isBatchFirst: Bool) {
        (self.mode, self.weights, self.isReversed) = (mode, weights, isReversed)
        size = weights.input.shape[0] / mode.gateCount
        stateSize = weights.state.shape[1]
        steps = input.shape[isBatchFirst ? 1 : 0]
        rows = input.shape[isBatchFirst ? 0 : 1]
        (stepStride, rowStride) = isBatchFirst ? (1, steps) : (rows, 1)
    }

    /// Computes the states for `input` from `state` and `cell` of `[rows, *]`.
    func run(_ input: Tensor, state: Tensor, cell: Tensor?, to target: Target) throws(TensorError) {
        let folded = input.viewed(as: try Shape(checking: [steps * rows, input.shape[2]]))
        // The input's product of all steps at once.
        let products = try MatrixProduct.linear(folded, weights.input, bias: weights.inputBias, reusing: true)
        try CallMeter.charge(steps * rows, mode.gateCount * size, stateSize)
        if weights.projection != nil { try CallMeter.charge(steps * rows, size, stateSize) }
        let packed = try weights.state.body.origin.packing.packed(weights.state, as: .float32)
        let projection = try weights.projection.map { weight throws(TensorError) in
            try weight.body.origin.packing.packed(weight, as: .float32)
        }
        let plan = ProductPlan()
        let work = Double(steps) * Double(mode.gateCount * size) * Double(stateSize + Self.workPerGate)
        let piece = plan.piece(of: rows, parts: 1, work: work * Double(rows))
        let length = min(Self.mostRows, max(piece, min(rows, Self.leastRows)))
        let walk = Walk(
            rows: self,
            sums: products.address(of: Float.self),
            weight: packed,
            bias: weights.stateBias?.address(of: Float.self),
            projection: projection,
            state: state.address(of: Float.self),
            cell: cell?.address(of: Float.self),
            target: target
        )
        plan.share(units: (rows + length - 1) / length, work: work * Double(length)) { units in
            for unit in units { walk.run(unit * length..<min(rows, (unit + 1) * length)) }
        }
        withExtendedLifetime((products, weights, state, cell)) {}
    }

    /// About how many multiply-adds the functions of a gate take.
    private static let workPerGate = 32
    /// The rows that go through the steps together: the weight comes from the second cache once for all of them.
    private static let mostRows = 32
    /// Fewer take about as long as these: a step reads the whole weight for them.
    private static let leastRows = 4

    /// All that the walk of some rows through the steps reads, and where it writes.
    private struct Walk: @unchecked Sendable {
        // The pointers lie in tensors that outlive the walk and that nobody changes.
        let rows: RecurrentRows
        let sums: UnsafePointer<Float>
        let weight: PackedWeight
        let bias: UnsafePointer<Float>?
        let projection: PackedWeight?
        let state: UnsafePointer<Float>
        let cell: UnsafePointer<Float>?
        let target: Target

        func run(_ range: Range<Int>) {
            let (count, size, width) = (range.count, rows.size, rows.mode.gateCount * rows.size)
            // The states, the cells, the states' products, and, for one row, its gates or its state before projection.
            let capacity = count * (rows.stateSize + 2 * size + width) + width
            withUnsafeTemporaryAllocation(of: Float.self, capacity: capacity) { buffer in
                guard let h = buffer.baseAddress else { return }
                buffer.initialize(repeating: 0)
                let cells = h + count * rows.stateSize
                let products = cells + count * size
                let projected = products + count * width
                let gates = projected + count * size
                h.update(from: state + range.lowerBound * rows.stateSize, count: count * rows.stateSize)
                if let cell { cells.update(from: cell + range.lowerBound * size, count: count * size) }
                for turn in 0..<rows.steps {
                    let step = rows.isReversed ? rows.steps - 1 - turn : turn
                    weight.multiply(h, rows: count, bias: bias, into: products, with: ProductPlan(threads: 1))
                    for row in 0..<count {
                        let place = step * rows.stepStride + (range.lowerBound + row) * rows.rowStride
                        let state = projection == nil ? h + row * rows.stateSize : projected + row * size
                        advance((sums + place * width, products + row * width), cells + row * size, state, gates)
                    }
                    projection?.multiply(projected, rows: count, bias: nil, into: h, with: ProductPlan(threads: 1))
                    for row in 0..<count {
                        let place = step * rows.stepStride + (range.lowerBound + row) * rows.rowStride
                        (target.states + place * target.width + target.column)
                            .update(from: h + row * rows.stateSize, count: rows.stateSize)
                    }
                }
                (target.state + range.lowerBound * rows.stateSize).update(from: h, count: count * rows.stateSize)
                target.cell.map { $0 + range.lowerBound * size }?.update(from: cells, count: count * size)
            }
        }

        @inline(__always)
        private func advance(
            _ sums: (x: UnsafePointer<Float>, h: UnsafeMutablePointer<Float>),
            _ cell: UnsafeMutablePointer<Float>,
            _ state: UnsafeMutablePointer<Float>,
            _ gates: UnsafeMutablePointer<Float>
        ) {
            let size = rows.size
            if rows.mode == .lstm {
                KernelSet.current.table.pointee.lstm_f32(sums.x, sums.h, size, cell, cell, state)
            } else {
                let (h, old) = (UnsafePointer(sums.h), UnsafePointer(state))
                rows.mode.advance((sums.x, h), size: size, from: (old, nil), to: (state, nil), gates: gates)
            }
        }
    }
}

extension Recurrence {
    /// What rows make of `input` by themselves, where all are floats and nobody watches or asks for gradients.
    func quickOutput(_ input: Tensor, state: Tensor, cell: Tensor?) throws(TensorError) -> Output? {
        let tensors = [input, state] + (cell.map { [$0] } ?? []) + weights.flatMap(\.all)
        let mayRecord = Autograd.isRecording && tensors.contains { $0.requiresGrad || $0.isInference }
        let (steps, rows) = (input.shape[isBatchFirst ? 1 : 0], input.shape[isBatchFirst ? 0 : 1])
        guard !Operations.areObserved, !mayRecord, tensors.allSatisfy({ $0.dtype == .float32 }), steps > 0, rows > 0,
            let (size, stateSize) = sizes(input, state, cell, rows: rows)
        else { return nil }
        let directions = isBidirectional ? 2 : 1
        let last = try Shape(checking: [weights.count, rows, stateSize])
        let lastCell = try Shape(checking: [weights.count, rows, size])
        var (sequence, newCell) = (input, Tensor?.none)
        let newState = try Tensor(of: Float.self, shape: last) { newState throws(TensorError) in
            func layers(_ newCell: UnsafeMutablePointer<Float>?) throws(TensorError) {
                for first in stride(from: 0, to: weights.count, by: directions) {
                    let sizes = Array(input.shape.prefix(2)) + [directions * stateSize]
                    sequence = try Tensor(of: Float.self, shape: try Shape(checking: sizes)) {
                        states throws(TensorError) in
                        for direction in 0..<directions {
                            let place = first + direction
                            let layer = RecurrentRows(
                                mode,
                                weights[place],
                                isReversed: direction == 1,
                                input: sequence,
                                isBatchFirst: isBatchFirst
                            )
                            let target = RecurrentRows.Target(
                                states: states,
                                width: directions * stateSize,
                                column: direction * stateSize,
                                state: newState + place * rows * stateSize,
                                cell: newCell.map { $0 + place * rows * size }
                            )
                            try layer.run(sequence, state: state.slice(place), cell: cell?.slice(place), to: target)
                        }
                    }
                }
            }
            guard mode == .lstm else { return try layers(nil) }
            newCell = try Tensor(of: Float.self, shape: lastCell) { cells throws(TensorError) in try layers(cells) }
        }
        return (sequence, newState, newCell)
    }

    /// The sizes of a cell and of a state; `nil` unless all shapes agree.
    private func sizes(_ input: Tensor, _ state: Tensor, _ cell: Tensor?, rows: Int) -> (size: Int, state: Int)? {
        guard let first = weights.first, first.state.rank == 2 else { return nil }
        let (directions, gates) = (isBidirectional ? 2 : 1, first.state.shape[0])
        let (size, stateSize) = (gates / mode.gateCount, first.state.shape[1])
        guard size > 0, stateSize > 0, gates == size * mode.gateCount, weights.count % directions == 0,
            state.shape.dimensions == [weights.count, rows, stateSize],
            cell.map({ $0.shape.dimensions == [weights.count, rows, size] }) ?? (mode != .lstm)
        else { return nil }
        for (place, weights) in weights.enumerated() {
            let inputs = place < directions ? input.shape[2] : directions * stateSize
            guard weights.input.shape.dimensions == [gates, inputs],
                weights.state.shape.dimensions == [gates, stateSize],
                (weights.inputBias?.shape.dimensions ?? [gates]) == [gates],
                (weights.stateBias?.shape.dimensions ?? [gates]) == [gates],
                weights.projection.map({ $0.shape.dimensions == [stateSize, size] }) ?? (stateSize == size)
            else { return nil }
        }
        return (size, stateSize)
    }
}
