/// The weights of one layer of a recurrent network in one direction.
public struct RecurrentWeights: Sendable {
    /// What the input is multiplied by: `[gates * size, inputs]`.
    public var input: Tensor
    /// What the state is multiplied by: `[gates * size, states]`.
    public var state: Tensor
    /// What is added to either product.
    public var inputBias, stateBias: Tensor?
    /// What an LSTM's state is multiplied by before it goes on: `[projected, size]`.
    public var projection: Tensor?

    /// Creates the weights of a layer.
    public init(
        input: Tensor,
        state: Tensor,
        inputBias: Tensor? = nil,
        stateBias: Tensor? = nil,
        projection: Tensor? = nil
    ) {
        (self.input, self.state) = (input, state)
        (self.inputBias, self.stateBias, self.projection) = (inputBias, stateBias, projection)
    }

    /// All of them.
    var all: [Tensor] { [input, state] + [inputBias, stateBias, projection].compactMap(\.self) }
}

/// One layer of a recurrent network over a whole sequence in one direction: one node of the graph.
struct RecurrentLayer: Sendable {
    let mode: RecurrentMode
    let weights: RecurrentWeights
    let isReversed: Bool
    let name: NodeName

    private var size: Int { weights.input.shape[0] / mode.gateCount }

    /// What comes out: the states of all steps, and the last ones.
    typealias Output = (states: Tensor, state: Tensor, cell: Tensor?)

    fileprivate struct Run: Sendable {
        let steps: [RecurrentCell.Step]
        /// The states before each step, and the products of the state with its weight.
        let states: [Tensor]
        let cells: [Tensor?]
        let products: [Tensor]
        let output: Tensor
    }

    /// Returns the states for the sequence `[steps, rows, inputs]`, from `state` and `cell` of `[rows, *]`.
    func callAsFunction(_ input: Tensor, state: Tensor, cell: Tensor?) throws(TensorError) -> Output {
        let run = try Operations.perform("rnn") { () throws(TensorError) -> (Tensor, Run) in
            let run = try forward(input.widened().detached(), state.widened().detached(), cell?.widened().detached())
            return (run.output, run)
        }.1
        let dtype = input.dtype
        let outputs =
            try [run.output, run.lastState(isReversed)].map { tensor throws(TensorError) in
                try tensor.cast(to: dtype)
            }
            + (mode == .lstm ? [run.steps[isReversed ? 0 : run.steps.count - 1].cell ?? run.output] : [])
            .map { tensor throws(TensorError) in try tensor.cast(to: dtype) }
        let inputs = [input, state] + (cell.map { [$0] } ?? []) + weights.all
        guard !inputs.contains(where: \.isInference) || !Autograd.isRecording else { throw .inferenceSaved }
        let recorded = Autograd.custom(name: name, inputs: inputs, outputs: outputs) { [self] given, _ in
            try backward(run, input, given, hasCell: cell != nil)
        }
        return (recorded[0], recorded[1], mode == .lstm ? recorded[2] : nil)
    }

    private func wide(_ tensor: Tensor?) throws(TensorError) -> Tensor? { try tensor?.widened().detached() }

    private func forward(_ input: Tensor, _ state: Tensor, _ cell: Tensor?) throws(TensorError) -> Run {
        let (count, rows) = (input.shape[0], input.shape[1])
        let recurrent = RecurrentCell(mode: mode, rows: rows, size: size)
        let (ih, hh) = (try weights.input.widened().detached(), try weights.state.widened().detached())
        let (bi, bh) = (try wide(weights.inputBias), try wide(weights.stateBias))
        let projection = try wide(weights.projection)
        let folded = input.viewed(as: try Shape(checking: [count * rows, input.shape[2]]))
        // The input's product of all steps at once.
        let products = try MatrixProduct.linear(folded, ih, bias: bi, reusing: false)
            .viewed(as: try Shape(checking: [count, rows, ih.shape[0]]))
        var (steps, states, cells, ofState) = (
            [RecurrentCell.Step?](repeating: nil, count: count), [Tensor?](repeating: nil, count: count),
            [Tensor?](repeating: nil, count: count), [Tensor?](repeating: nil, count: count)
        )
        var outputs = [Tensor?](repeating: nil, count: count)
        var (state, cell) = (state, cell)
        let gates = try Shape(checking: [rows, ih.shape[0]])
        for turn in 0..<count {
            let place = isReversed ? count - 1 - turn : turn
            let product = try MatrixProduct.linear(state, hh, bias: bh, reusing: false)
            let ofInput = try products.rows(place..<place + 1).viewed(as: gates)
            let step = try recurrent.step(ofInput, product, state: state, cell: cell)
            (steps[place], states[place], cells[place], ofState[place]) = (step, state, cell, product)
            state =
                try projection.map { weight throws(TensorError) in
                    try MatrixProduct.linear(step.state, weight, bias: nil, reusing: false)
                } ?? step.state
            cell = step.cell
            outputs[place] = state
        }
        let shape = try Shape(checking: [count, rows, hh.shape[1]])
        return Run(
            steps: steps.compactMap(\.self),
            states: states.compactMap(\.self),
            cells: cells,
            products: ofState.compactMap(\.self),
            output: try Tensor.joined(outputs.compactMap(\.self), shape: shape)
        )
    }

    private func backward(
        _ run: Run,
        _ input: Tensor,
        _ given: [Tensor?],
        hasCell: Bool
    ) throws(TensorError) -> [Tensor?] {
        let (count, rows) = (input.shape[0], input.shape[1])
        let recurrent = RecurrentCell(mode: mode, rows: rows, size: size)
        let (ih, hh) = (try weights.input.widened().detached(), try weights.state.widened().detached())
        let projection = try wide(weights.projection)
        let form = try Shape(checking: [rows, hh.shape[1]])
        let zeros = try Tensor.zeros(form, dtype: ih.dtype)
        var ofState = try wide(given[1]) ?? zeros
        var ofCell = given.count > 2 ? try wide(given[2]) : nil
        let ofOutput = try wide(given[0])
        var ofProjection: Tensor?
        var (inputs, products) = ([Tensor?](repeating: nil, count: count), [Tensor?](repeating: nil, count: count))
        for turn in 0..<count {
            let place = isReversed ? turn : count - 1 - turn
            var gradient = ofState
            if let ofOutput { gradient = try gradient + ofOutput.rows(place..<place + 1).viewed(as: form) }
            if let projection {
                let share = try MatrixProduct.plain(gradient.swapped(0, 1), run.steps[place].state)
                ofProjection = try ofProjection.map { sum throws(TensorError) in try sum + share } ?? share
                gradient = try MatrixProduct.plain(gradient, projection)
            }
            let back = try recurrent.back(
                run.steps[place],
                from: (run.states[place], run.cells[place]),
                ofState: run.products[place],
                gradient: gradient,
                cell: ofCell
            )
            (inputs[place], products[place], ofCell) = (back.ofInput, back.ofState, back.cell)
            ofState = try MatrixProduct.plain(back.ofState, hh)
            if let direct = back.state { ofState = try ofState + direct }
        }
        let folded = try Shape(checking: [count * rows, ih.shape[0]])
        let (dx, dh) = (
            try Tensor.joined(inputs.compactMap(\.self), shape: folded),
            try Tensor.joined(products.compactMap(\.self), shape: folded)
        )
        let before = try Tensor.joined(run.states, shape: try Shape(checking: [count * rows, hh.shape[1]]))
        let x = try input.widened().detached().viewed(as: try Shape(checking: [count * rows, input.shape[2]]))
        var results: [Tensor?] = [try MatrixProduct.plain(dx, ih).viewed(as: input.shape), ofState]
        if hasCell { results.append(ofCell) }
        results.append(try MatrixProduct.plain(dx.swapped(0, 1), x))
        results.append(try MatrixProduct.plain(dh.swapped(0, 1), before))
        if weights.inputBias != nil { results.append(try dx.rawSum(axis: 0, keeping: false)) }
        if weights.stateBias != nil { results.append(try dh.rawSum(axis: 0, keeping: false)) }
        if weights.projection != nil { results.append(ofProjection) }
        return try results.map { gradient throws(TensorError) in try gradient?.cast(to: input.dtype) }
    }
}

extension RecurrentLayer.Run {
    /// The state after the last step.
    fileprivate func lastState(_ isReversed: Bool) throws(TensorError) -> Tensor {
        let count = output.shape[0]
        let place = isReversed ? 0 : count - 1
        return try output.rows(place..<place + 1).viewed(as: try Shape(checking: Array(output.shape.dropFirst())))
    }
}
