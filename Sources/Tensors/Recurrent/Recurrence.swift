/// A recurrent network of several layers, in one direction or both: PyTorch's `rnn_tanh`, `rnn_relu`, `lstm` and `gru`.
public struct Recurrence: Sendable {
    /// What a step does.
    public var mode: RecurrentMode
    /// The weights, layer by layer, in each the direction forward and then back if there are two.
    public var weights: [RecurrentWeights]
    /// Whether there are two directions.
    public var isBidirectional: Bool
    /// Whether the batch comes before the steps.
    public var isBatchFirst: Bool
    /// The probability with which, in training, what passes between layers is dropped.
    public var dropout: Double

    /// Creates a network.
    public init(
        mode: RecurrentMode,
        weights: [RecurrentWeights],
        isBidirectional: Bool = false,
        isBatchFirst: Bool = false,
        dropout: Double = 0
    ) {
        (self.mode, self.weights, self.isBidirectional) = (mode, weights, isBidirectional)
        (self.isBatchFirst, self.dropout) = (isBatchFirst, dropout)
    }

    /// What comes out: the states of all steps, and the last ones of each layer and direction.
    public typealias Output = (states: Tensor, state: Tensor, cell: Tensor?)

    /// Returns the states for `input`, three axes, from `state` and `cell` of `[layers * directions, batch, *]`.
    public func callAsFunction(
        _ input: Tensor,
        state: Tensor,
        cell: Tensor?,
        generator: Generator?
    ) throws(TensorError) -> Output {
        let transpose = NodeName(mode == .lstm ? "TransposeBackward0" : "TransposeBackward1", old: "TransposeBackward0")
        guard input.shape[isBatchFirst ? 1 : 0] > 0 else { throw .layer(.emptySequence) }
        if dropout == 0 || generator == nil, let output = try quickOutput(input, state: state, cell: cell) {
            return output
        }
        var sequence = isBatchFirst ? try input.exchanged(named: transpose) : input
        let directions = isBidirectional ? 2 : 1
        var (states, cells) = ([Tensor](), [Tensor]())
        for (number, first) in stride(from: 0, to: weights.count, by: directions).enumerated() {
            if number > 0, dropout > 0, let generator {
                sequence = try sequence.dropout(p: dropout, generator: generator)
            }
            var outputs: [Tensor] = []
            for direction in 0..<directions {
                let place = first + direction
                let layer = RecurrentLayer(
                    mode: mode,
                    weights: weights[place],
                    isReversed: direction == 1,
                    name: name(weights[place])
                )
                let output = try layer(sequence, state: state.slice(place), cell: cell?.slice(place))
                outputs.append(output.states)
                states.append(output.state)
                if let cell = output.cell { cells.append(cell) }
            }
            sequence = outputs.count == 1 ? outputs[0] : try Tensor.sideBySide(outputs[0], outputs[1])
        }
        let result = isBatchFirst ? try sequence.exchanged(named: transpose) : sequence
        return (result, try Tensor.layered(states), cells.isEmpty ? nil : try Tensor.layered(cells))
    }

    private func name(_ weights: RecurrentWeights) -> NodeName {
        let isFused = mode == .lstm && weights.projection == nil && weights.input.dtype == .float32
        return NodeName(isFused ? "MkldnnRnnLayerBackward0" : "StackBackward0")
    }

    /// Returns one step from `state` and `cell` of `[rows, *]` for `input` of `[rows, inputs]`: PyTorch's cells.
    public static func step(
        _ input: Tensor,
        mode: RecurrentMode,
        weights: RecurrentWeights,
        state: Tensor,
        cell: Tensor?
    ) throws(TensorError) -> (state: Tensor, cell: Tensor?) {
        let names: [RecurrentMode: String] = [.tanh: "TanhBackward0", .relu: "ReluBackward0", .gru: "AddBackward0"]
        let layer = RecurrentLayer(
            mode: mode,
            weights: weights,
            isReversed: false,
            name: NodeName(names[mode] ?? "MulBackward0")
        )
        let output = try layer(input.unsqueezed(at: 0), state: state, cell: cell)
        return (output.state, output.cell)
    }
}

extension Tensor {
    /// Returns the tensor with its first two axes exchanged.
    fileprivate func exchanged(named name: NodeName) throws(TensorError) -> Tensor {
        let result = try Operations.perform("transpose") { () throws(TensorError) in try swapped(0, 1) }
        guard Autograd.records(self) else { return result }
        return try result.recorded(name, [self]) { gradient, _ in [try gradient.swapped(0, 1)] }
    }

    /// Returns what lies at `index` of the first axis.
    func slice(_ index: Int) throws(TensorError) -> Tensor {
        let form = try Shape(checking: Array(shape.dropFirst()))
        return try rows(index..<index + 1).view(as: form, "select", NodeName("SelectBackward0"))
    }

    /// Returns the tensors, all of one shape, along a new first axis.
    fileprivate static func layered(_ tensors: [Tensor]) throws(TensorError) -> Tensor {
        let shape = try Shape(checking: [tensors.count] + (tensors.first?.shape.dimensions ?? []))
        let result = try Operations.perform("stack") { () throws(TensorError) in try joined(tensors, shape: shape) }
        guard Autograd.isRecording, tensors.contains(where: \.requiresGrad) else { return result }
        let count = tensors.count
        return try result.recorded(NodeName("StackBackward0", old: "StackBackward"), tensors) { gradient, _ in
            try (0..<count).map { try gradient.detached().slice($0) }
        }
    }

    /// Returns two tensors of the same leading axes side by side along the last one.
    fileprivate static func sideBySide(_ first: Tensor, _ second: Tensor) throws(TensorError) -> Tensor {
        let (left, right) = (first.shape[first.rank - 1], second.shape[second.rank - 1])
        let rows = first.shape.dropLast().reduce(1, *)
        let result = try Operations.perform("cat") { () throws(TensorError) in
            let columns = [
                try first.detached().viewed(as: try Shape(checking: [rows, left])).swapped(0, 1),
                try second.detached().viewed(as: try Shape(checking: [rows, right])).swapped(0, 1),
            ]
            return try joined(columns, shape: try Shape(checking: [left + right, rows])).swapped(0, 1)
                .viewed(as: try Shape(checking: Array(first.shape.dropLast()) + [left + right]))
        }
        guard Autograd.records(first, second) else { return result }
        let shapes = (first.shape, second.shape)
        return try result.recorded(NodeName("CatBackward0", old: "CatBackward"), [first, second]) { gradient, _ in
            let columns = try gradient.viewed(as: try Shape(checking: [rows, left + right])).swapped(0, 1)
            return [
                try columns.rows(0..<left).swapped(0, 1).viewed(as: shapes.0),
                try columns.rows(left..<left + right).swapped(0, 1).viewed(as: shapes.1),
            ]
        }
    }
}
