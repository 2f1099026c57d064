/// What a recurrent layer does in one step.
public enum RecurrentMode: Sendable, Equatable {
    case tanh, relu, lstm, gru

    /// The parts of the gates, each as long as the state.
    public var gateCount: Int {
        switch self {
        case .tanh, .relu: 1
        case .lstm: 4
        case .gru: 3
        }
    }
}

/// One step of a recurrent layer, element by element: from the products of input and state to the new state, and back.
///
/// All tensors are `[rows, *]` in a computing dtype and without history.
struct RecurrentCell {
    let mode: RecurrentMode
    let rows: Int
    let size: Int

    /// What a step gives, and what going back through it needs.
    struct Step: Sendable {
        let state: Tensor
        /// The long-term state of an LSTM.
        let cell: Tensor?
        /// The gates after their functions.
        let gates: Tensor
    }

    /// Returns the step from `state` and `cell`, given the products of the input and of the state with their weights.
    func step(_ ofInput: Tensor, _ ofState: Tensor, state: Tensor, cell: Tensor?) throws(TensorError) -> Step {
        try ofInput.dtype.acceptReal(
            Forward(cell: self, ofInput: ofInput, ofState: ofState, state: state, memory: cell),
            kernel: "rnn"
        )
    }

    /// What goes back from a step.
    struct Gradients {
        let ofInput: Tensor
        let ofState: Tensor
        /// What reaches the state before, beside what comes through the product.
        let state: Tensor?
        let cell: Tensor?
    }

    /// Returns what goes back through `step`, which came from `before`, given the gradients of its state and cell.
    func back(
        _ step: Step,
        from before: (state: Tensor, cell: Tensor?),
        ofState: Tensor,
        gradient: Tensor,
        cell: Tensor?
    ) throws(TensorError) -> Gradients {
        try gradient.dtype.acceptReal(
            Backward(cell: self, step: step, before: before, ofState: ofState, gradient: gradient, memory: cell),
            kernel: "rnn"
        )
    }

    fileprivate var stateShape: Shape { get throws(TensorError) { try Shape(checking: [rows, size]) } }
    fileprivate var gateShape: Shape { get throws(TensorError) { try Shape(checking: [rows, mode.gateCount * size]) } }
}

private struct Forward: RealVisitor {
    let cell: RecurrentCell
    let ofInput, ofState, state: Tensor
    let memory: Tensor?

    func visit<R: Real>(_ type: R.Type) throws(TensorError) -> RecurrentCell.Step {
        let (rows, size) = (cell.rows, cell.size)
        let width = cell.mode.gateCount * size
        let (x, h) = (ofInput.address(of: R.self), ofState.address(of: R.self))
        let (old, c) = (state.address(of: R.self), memory?.address(of: R.self))
        var states = [R](repeating: 0, count: rows * size)
        var cells = cell.mode == .lstm ? states : []
        let gates = try Tensor(of: R.self, shape: try cell.gateShape) { gates in
            states.withUnsafeMutableBufferPointer { states in
                cells.withUnsafeMutableBufferPointer { cells in
                    guard let states = states.baseAddress else { return }
                    for row in 0..<rows {
                        let place = row * size
                        cell.mode.advance(
                            (x + row * width, h + row * width),
                            size: size,
                            from: (old + place, c.map { $0 + place }),
                            to: (states + place, cells.baseAddress.map { $0 + place }),
                            gates: gates + row * width
                        )
                    }
                }
            }
        }
        let shape = try cell.stateShape
        return .init(
            state: try Tensor(states, shape: shape),
            cell: cell.mode == .lstm ? try Tensor(cells, shape: shape) : nil,
            gates: gates
        )
    }
}

extension RecurrentMode {
    /// Computes one row of a step: the gates after their functions, and the states that come out.
    /// - Parameter sums: The parts of the gates' sums that come from the input and from the state.
    @inline(__always)
    func advance<R: Real>(
        _ sums: (x: UnsafePointer<R>, h: UnsafePointer<R>),
        size: Int,
        from before: (state: UnsafePointer<R>, cell: UnsafePointer<R>?),
        to after: (state: UnsafeMutablePointer<R>, cell: UnsafeMutablePointer<R>?),
        gates: UnsafeMutablePointer<R>
    ) {
        let (x, h) = sums
        // The gates whose sums take the state as it is; a third one of a GRU takes a part of it.
        let summed = self == .gru ? 2 * size : gateCount * size
        for index in 0..<summed { (gates + index).initialize(to: x[index] + h[index]) }
        switch self {
        case .tanh:
            R.tangents(of: gates, count: size, to: gates)
            after.state.update(from: gates, count: size)
        case .relu:
            for index in 0..<size where gates[index] < 0 { gates[index] = 0 }
            after.state.update(from: gates, count: size)
        case .lstm:
            guard let cell = after.cell else { return }
            R.sigmoids(of: gates, count: 2 * size, to: gates)
            R.tangents(of: gates + 2 * size, count: size, to: gates + 2 * size)
            R.sigmoids(of: gates + 3 * size, count: size, to: gates + 3 * size)
            for index in 0..<size {
                let kept = gates[size + index] * (before.cell?[index] ?? 0)
                cell[index] = kept + gates[index] * gates[2 * size + index]
            }
            R.tangents(of: cell, count: size, to: after.state)
            for index in 0..<size { after.state[index] *= gates[3 * size + index] }
        case .gru:
            R.sigmoids(of: gates, count: 2 * size, to: gates)
            for index in 0..<size {
                (gates + 2 * size + index).initialize(to: x[2 * size + index] + gates[index] * h[2 * size + index])
            }
            R.tangents(of: gates + 2 * size, count: size, to: gates + 2 * size)
            for index in 0..<size {
                let (z, n) = (gates[size + index], gates[2 * size + index])
                after.state[index] = (before.state[index] - n) * z + n
            }
        }
    }
}

private struct Backward: RealVisitor {
    let cell: RecurrentCell
    let step: RecurrentCell.Step
    let before: (state: Tensor, cell: Tensor?)
    let ofState, gradient: Tensor
    let memory: Tensor?

    func visit<R: Real>(_ type: R.Type) throws(TensorError) -> RecurrentCell.Gradients {
        let (rows, size) = (cell.rows, cell.size)
        let width = cell.mode.gateCount * size
        let (gates, given) = (step.gates.address(of: R.self), gradient.address(of: R.self))
        let (old, h) = (before.state.address(of: R.self), ofState.address(of: R.self))
        let (c, oldC) = (step.cell?.address(of: R.self), before.cell?.address(of: R.self))
        let givenC = memory?.address(of: R.self)
        var ofInput = [R](repeating: 0, count: rows * width)
        var ofState = cell.mode == .gru ? ofInput : []
        var (states, cells) = ([R](), [R]())
        if cell.mode == .gru { states = [R](repeating: 0, count: rows * size) }
        if cell.mode == .lstm { cells = [R](repeating: 0, count: rows * size) }
        for row in 0..<rows {
            for index in 0..<size {
                let (at, place) = (row * width + index, row * size + index)
                let d = given[place]
                switch cell.mode {
                case .tanh: ofInput[at] = d * (1 - gates[at] * gates[at])
                case .relu: ofInput[at] = gates[at] > 0 ? d : 0
                case .lstm:
                    let (i, f) = (gates[at], gates[at + size])
                    let (g, o) = (gates[at + 2 * size], gates[at + 3 * size])
                    let tangent = (c?[place] ?? 0).hyperbolicTangent
                    let dc = d * o * (1 - tangent * tangent) + (givenC?[place] ?? 0)
                    ofInput[at] = dc * g * i * (1 - i)
                    ofInput[at + size] = dc * (oldC?[place] ?? 0) * f * (1 - f)
                    ofInput[at + 2 * size] = dc * i * (1 - g * g)
                    ofInput[at + 3 * size] = d * tangent * o * (1 - o)
                    cells[place] = dc * f
                case .gru:
                    let (r, z, n) = (gates[at], gates[at + size], gates[at + 2 * size])
                    let dn = d * (1 - z) * (1 - n * n)
                    ofInput[at] = dn * h[at + 2 * size] * r * (1 - r)
                    ofInput[at + size] = d * (old[place] - n) * z * (1 - z)
                    ofInput[at + 2 * size] = dn
                    ofState[at] = ofInput[at]
                    ofState[at + size] = ofInput[at + size]
                    ofState[at + 2 * size] = dn * r
                    states[place] = d * z
                }
            }
        }
        let (gateShape, stateShape) = (try cell.gateShape, try cell.stateShape)
        let inputs = try Tensor(ofInput, shape: gateShape)
        return .init(
            ofInput: inputs,
            ofState: cell.mode == .gru ? try Tensor(ofState, shape: gateShape) : inputs,
            state: cell.mode == .gru ? try Tensor(states, shape: stateShape) : nil,
            cell: cell.mode == .lstm ? try Tensor(cells, shape: stateShape) : nil
        )
    }
}
