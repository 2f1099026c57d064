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
        var (states, cells) = ([R](repeating: 0, count: rows * size), [R]())
        if cell.mode == .lstm { cells = states }
        let gates = try Tensor(of: R.self, shape: try cell.gateShape) { gates in
            for row in 0..<rows {
                let (line, x, h) = (gates + row * width, x + row * width, h + row * width)
                let place = row * size
                // The gates whose sums take the state as it is; a third one of a GRU takes a part of it.
                let summed = cell.mode == .gru ? 2 * size : width
                for index in 0..<summed { (line + index).initialize(to: x[index] + h[index]) }
                switch cell.mode {
                case .tanh:
                    R.tangents(of: line, count: size, to: line)
                    for index in 0..<size { states[place + index] = line[index] }
                case .relu:
                    for index in 0..<size {
                        if line[index] < 0 { line[index] = 0 }
                        states[place + index] = line[index]
                    }
                case .lstm:
                    R.sigmoids(of: line, count: 2 * size, to: line)
                    R.tangents(of: line + 2 * size, count: size, to: line + 2 * size)
                    R.sigmoids(of: line + 3 * size, count: size, to: line + 3 * size)
                    for index in 0..<size {
                        let kept = line[size + index] * (c?[place + index] ?? 0)
                        cells[place + index] = kept + line[index] * line[2 * size + index]
                    }
                    cells.withUnsafeBufferPointer { cells in
                        states.withUnsafeMutableBufferPointer { states in
                            guard let cells = cells.baseAddress, let states = states.baseAddress else { return }
                            R.tangents(of: cells + place, count: size, to: states + place)
                            for index in 0..<size { states[place + index] *= line[3 * size + index] }
                        }
                    }
                case .gru:
                    R.sigmoids(of: line, count: 2 * size, to: line)
                    for index in 0..<size {
                        let sum = x[2 * size + index] + line[index] * h[2 * size + index]
                        (line + 2 * size + index).initialize(to: sum)
                    }
                    R.tangents(of: line + 2 * size, count: size, to: line + 2 * size)
                    for index in 0..<size {
                        let (z, n) = (line[size + index], line[2 * size + index])
                        states[place + index] = (old[place + index] - n) * z + n
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
