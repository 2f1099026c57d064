public import Tensors

/// What the cells share: one step of a recurrent network.
///
/// - Inputs: `input` of `[N, inputSize]` or `[inputSize]`, and the state, `hx`, which is zero by default.
/// - Output: the next state, for an LSTM a tuple of two.
/// - State: `weight_ih` of `[gates · hiddenSize, inputSize]`, `weight_hh`, `bias_ih` and `bias_hh`, all drawn uniformly from
///   `±1/√hiddenSize`.
public class RecurrentUnit: Module {
    /// The size of the input.
    public final let inputSize: Int
    /// The size of the state.
    public final let hiddenSize: Int
    /// Whether it has biases.
    public final let hasBias: Bool
    /// The function of a plain cell: `tanh` or `relu`.
    public final let nonlinearity: String
    private let slots: [Slot<Parameter>]

    /// What a step does.
    class func mode(_ nonlinearity: String) throws -> RecurrentMode { .tanh }
    class var gateCount: Int { 1 }

    /// Creates a cell with random weights.
    public required convenience init(
        inputSize: Int,
        hiddenSize: Int,
        bias: Bool = true,
        nonlinearity: String = "tanh",
        dtype: DType = .float32,
        generator: Generator? = nil
    ) throws {
        try self.init(unfilled: inputSize, hiddenSize, bias, nonlinearity)
        let bound = hiddenSize > 0 ? 1 / Double(hiddenSize).squareRoot() : 0
        for (slot, plan) in zip(slots, Self.plan(inputSize, hiddenSize, bias: bias)) {
            let shape = try Shape(checking: plan.sizes)
            slot.value = try Parameter(Initial.uniform(shape, within: bound, dtype, generator))
        }
    }

    required init(unfilled inputSize: Int, _ hiddenSize: Int, _ bias: Bool, _ nonlinearity: String) throws {
        (self.inputSize, self.hiddenSize) = (inputSize, hiddenSize)
        (hasBias, self.nonlinearity) = (bias, nonlinearity)
        let names = ["weight_ih", "weight_hh", "bias_ih", "bias_hh"]
        slots = names.prefix(bias ? 4 : 2).map { _ in Slot<Parameter>() }
        super.init()
        for (index, name) in names.enumerated() {
            try registerParameter(name, nil, in: index < slots.count ? slots[index] : Slot())
        }
    }

    /// The name and the sizes of each weight; they saturate.
    package static func plan(_ inputs: Int, _ size: Int, bias: Bool) -> [(name: String, sizes: [Int])] {
        let (rows, overflow) = gateCount.multipliedReportingOverflow(by: size)
        let height = overflow ? Int.max : rows
        let biases = bias ? [("bias_ih", [height]), ("bias_hh", [height])] : []
        return [("weight_ih", [height, inputs]), ("weight_hh", [height, size])] + biases
    }

    public final override func forward(_ input: Tensor) throws -> Tensor {
        try oneTensor(of: forward(Arguments(input)))
    }

    public final override func forward(_ arguments: Arguments) throws -> Value {
        let given = try arguments.bound(to: [CallParameter("input"), CallParameter("hx", Value.none)], in: self)
        guard let input = given[0].tensor else {
            throw ModuleError.notATensor(function: "forward", name: "input", position: 1, got: given[0].pythonType)
        }
        guard input.rank == 1 || input.rank == 2 else {
            throw ModuleError.layer(.cellRank(type: typeName, rank: input.rank))
        }
        let isBatch = input.rank == 2
        let rows = try isBatch ? input : input.withBatchAxis()
        let mode = try Self.mode(nonlinearity)
        let (state, cell) = try states(given[1], for: rows, isBatch: isBatch, mode)
        guard rows.shape[1] == inputSize else {
            throw ModuleError.layer(.cellInput(expected: inputSize, got: rows.shape[1]))
        }
        let next = try Recurrence.step(rows, mode: mode, weights: weights(for: rows), state: state, cell: cell)
        func shaped(_ tensor: Tensor) throws -> Value { .tensor(isBatch ? tensor : try tensor.withoutBatchAxis()) }
        guard let cell = next.cell else { return try shaped(next.state) }
        return .tuple([try shaped(next.state), try shaped(cell)])
    }

    private func weights(for input: Tensor) throws -> RecurrentWeights {
        let operands = try slots.map { try $0.operand(of: "rnn_cell", position: 3) }
        let plans = Self.plan(inputSize, hiddenSize, bias: hasBias)
        for (operand, plan) in zip(operands, plans) {
            guard operand.shape.dimensions == plan.sizes else { throw ModuleError.layer(.recurrentWeights) }
            guard operand.dtype == input.dtype else {
                throw TensorError.productTypes(hasBias ? .linearMatrix : .matrices, input.dtype, operand.dtype)
            }
        }
        return RecurrentWeights(
            input: operands[0],
            state: operands[1],
            inputBias: hasBias ? operands[2] : nil,
            stateBias: hasBias ? operands[3] : nil
        )
    }

    private func states(
        _ given: Value,
        for input: Tensor,
        isBatch: Bool,
        _ mode: RecurrentMode
    ) throws -> (Tensor, Tensor?) {
        let form = try Shape(checking: [input.shape[0], hiddenSize])
        guard !given.isNone else {
            let zeros = try Tensor.zeros(form, dtype: input.dtype)
            return (zeros, mode == .lstm ? zeros : nil)
        }
        let tensors = mode == .lstm ? (given.elements ?? []).compactMap(\.tensor) : [given.tensor].compactMap(\.self)
        guard tensors.count == (mode == .lstm ? 2 : 1) else {
            throw ModuleError.notATensor(function: "forward", name: "hx", position: 2, got: given.pythonType)
        }
        let batches = try tensors.map { isBatch ? $0 : try $0.withBatchAxis() }
        for (index, tensor) in batches.enumerated() {
            let rows = tensor.shape.first ?? 0
            guard rows == form[0] else {
                throw ModuleError.layer(.cellBatch(expected: form[0], index: index, got: rows))
            }
            guard tensor.shape == form else {
                throw ModuleError.layer(.cellState(index: index, expected: hiddenSize, got: tensor.shape.last ?? 0))
            }
            guard tensor.dtype == input.dtype else {
                throw TensorError.expectedScalarType(input.dtype, got: tensor.dtype)
            }
        }
        return (batches[0], batches.count > 1 ? batches[1] : nil)
    }

    public final override var extraRepr: String {
        "\(inputSize), \(hiddenSize)" + (hasBias ? "" : ", bias=False")
            + (Self.gateCount == 1 && nonlinearity != "tanh" ? ", nonlinearity=\(nonlinearity)" : "")
    }

    public final override var attributeNames: Set<String> {
        ["input_size", "hidden_size", "bias", "nonlinearity", "reset_parameters"]
    }

    public final override var expectedInput: String? { "[N, \(inputSize)] or [\(inputSize)]" }

    public final override var inputSpecs: [TensorSpec]? {
        let dtype = slots.first?.value?.tensor.dtype
        return [TensorSpec(shape: [.batch(1), .fixed(inputSize)], dtype: dtype, rows: .axis(0))]
    }

    /// The next state; the one before, where it is given, has a row for each of the input.
    public final override func outputSpec(for inputs: [ValueSpec]) -> ValueSpec {
        guard let spec = inputs.first?.tensor, let shape = spec.shape, shape.count == 1 || shape.count == 2,
            shape[shape.count - 1].isOr(inputSize)
        else { return .unknown }
        let states = inputs.dropFirst().flatMap { $0.isNone ? [] : $0.tensors }
        var next = spec.resized(-1, to: .fixed(hiddenSize))
        if states.contains(where: { $0.rows != spec.rows }) { next.rows = .mixed }
        return Self.gateCount == 4 ? .tuple([.tensor(next), .tensor(next)]) : .tensor(next)
    }

    public final override var workPerElement: Int {
        let (sum, overflow) = inputSize.addingReportingOverflow(hiddenSize)
        return overflow ? .max : sum
    }

    public final override func emptyCopy() throws -> Module {
        try Self(unfilled: inputSize, hiddenSize, hasBias, nonlinearity)
    }
}

/// A step of an `RNN`.
public final class RNNCell: RecurrentUnit {
    override class func mode(_ nonlinearity: String) throws -> RecurrentMode {
        switch nonlinearity {
        case "tanh": .tanh
        case "relu": .relu
        default: throw ModuleError.layer(.cellNonlinearity(nonlinearity))
        }
    }
}

/// A step of an `LSTM`.
public final class LSTMCell: RecurrentUnit {
    override class func mode(_ nonlinearity: String) throws -> RecurrentMode { .lstm }
    override class var gateCount: Int { 4 }
}

/// A step of a `GRU`.
public final class GRUCell: RecurrentUnit {
    override class func mode(_ nonlinearity: String) throws -> RecurrentMode { .gru }
    override class var gateCount: Int { 3 }
}

extension ModuleType {
    /// Single steps of recurrent networks.
    static let recurrentCells: [ModuleType] = [
        cell(RNNCell.self, more: [ModuleParameter("nonlinearity", .text, "tanh")]), cell(LSTMCell.self, more: []),
        cell(GRUCell.self, more: []),
    ]

    private static func cell(_ kind: RecurrentUnit.Type, more: [ModuleParameter]) -> ModuleType {
        ModuleType(
            "\(kind)",
            parameters: [
                ModuleParameter("input_size", .int), ModuleParameter("hidden_size", .int),
                ModuleParameter("bias", .flag, true),
            ] + more,
            tensors: { given in
                kind.plan(given.int("input_size"), given.int("hidden_size"), bias: given.flag("bias"))
                    .map { TensorDeclaration($0.name, $0.sizes) }
            },
            make: { given, dtype, generator in
                let nonlinearity = given.text("nonlinearity")
                return try kind.init(
                    inputSize: given.int("input_size"),
                    hiddenSize: given.int("hidden_size"),
                    bias: given.flag("bias"),
                    nonlinearity: nonlinearity.isEmpty ? "tanh" : nonlinearity,
                    dtype: dtype,
                    generator: generator
                )
            }
        )
    }
}
