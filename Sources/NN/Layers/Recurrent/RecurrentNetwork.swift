public import Tensors

/// What the recurrent networks share: layers of steps over a sequence, in one direction or both.
///
/// - Inputs: `input` of `[L, N, inputSize]`, or `[N, L, inputSize]` where the batch comes first, or `[L, inputSize]`; and the
///   states to begin with, `hx`, which are zero by default.
/// - Output: the states of all steps, and the last ones: a tuple.
/// - State: for each layer and direction `weight_ih_l0` of `[gates · hiddenSize, inputs]`, `weight_hh_l0`, and with a bias
///   `bias_ih_l0` and `bias_hh_l0`; the other direction's end in `_reverse`. All drawn uniformly from `±1/√hiddenSize`.
public class RecurrentNetwork: Module {
    /// The arguments that say how it is built.
    public struct Options: Sendable, Equatable {
        /// The layers on top of each other.
        public var numLayers = 1
        /// Whether it has biases.
        public var bias = true
        /// Whether the batch comes before the steps.
        public var batchFirst = false
        /// The probability with which, in training, what passes between layers is dropped.
        public var dropout: PythonNumber = 0.0
        /// Whether it goes over the sequence from its end as well.
        public var bidirectional = false
        /// The size that the state of an LSTM is projected to; zero for none.
        public var projSize = 0
        /// The function of a plain network: `tanh` or `relu`.
        public var nonlinearity = "tanh"

        /// Creates PyTorch's defaults.
        public init() {}
    }

    /// The size of the input.
    public final let inputSize: Int
    /// The size of the state.
    public final let hiddenSize: Int
    /// How it is built.
    public final let options: Options
    private let slots: [[Slot<Parameter>]]

    /// What a step does.
    class func mode(_ options: Options) throws -> RecurrentMode { .tanh }
    class var isLSTM: Bool { false }

    /// Creates a network with random weights.
    /// - Throws: `ModuleError.layer` for arguments that PyTorch refuses.
    public required convenience init(
        inputSize: Int,
        hiddenSize: Int,
        options: Options = Options(),
        dtype: DType = .float32,
        generator: Generator? = nil
    ) throws {
        try self.init(unfilled: inputSize, hiddenSize, options)
        let gates = try Self.mode(options).gateCount
        let bound = 1 / Double(hiddenSize).squareRoot()
        for (place, slots) in slots.enumerated() {
            let layer = place / directions
            for (slot, sizes) in zip(slots, Self.sizes(inputSize, hiddenSize, options, gates: gates, layer: layer)) {
                let shape = try Shape(checking: sizes)
                slot.value = try Parameter(Initial.uniform(shape, within: bound, dtype, generator))
            }
        }
    }

    required init(unfilled inputSize: Int, _ hiddenSize: Int, _ options: Options) throws {
        (self.inputSize, self.hiddenSize, self.options) = (inputSize, hiddenSize, options)
        _ = try Self.mode(options)
        if let problem = Self.problem(inputSize, hiddenSize, options) { throw ModuleError.layer(problem) }
        let names = Self.names(options)
        slots = names.map { $0.map { _ in Slot<Parameter>() } }
        super.init()
        for (name, slot) in zip(names.joined(), slots.joined()) { try registerParameter(name, nil, in: slot) }
    }

    private static func problem(_ inputs: Int, _ size: Int, _ options: Options) -> LayerArgumentProblem? {
        if options.projSize != 0, !isLSTM { return .projectionWithoutLSTM }
        if !(0...1).contains(options.dropout.value) { return .recurrentDropout }
        if inputs <= 0 { return .notPositive("input_size") }
        if size <= 0 { return .notPositive("hidden_size") }
        if options.numLayers <= 0 { return .notPositive("num_layers") }
        if options.projSize < 0 { return .negativeProjection }
        return options.projSize >= size ? .largeProjection : nil
    }

    /// The names of the weights of each layer and direction, in PyTorch's order.
    static func names(_ options: Options) -> [[String]] {
        (0..<options.numLayers).flatMap { layer in
            (options.bidirectional ? ["", "_reverse"] : [""]).map { suffix in
                (["weight_ih", "weight_hh"] + (options.bias ? ["bias_ih", "bias_hh"] : [])
                    + (options.projSize > 0 ? ["weight_hr"] : [])).map { "\($0)_l\(layer)\(suffix)" }
            }
        }
    }

    /// The sizes of the weights of a layer, in the order of their names; they saturate.
    package static func sizes(
        _ inputs: Int,
        _ size: Int,
        _ options: Options,
        gates: Int,
        layer: Int
    ) -> [[Int]] {
        let state = options.projSize > 0 ? options.projSize : size
        let (rows, overflow) = gates.multipliedReportingOverflow(by: size)
        let (wide, overflow2) = state.multipliedReportingOverflow(by: options.bidirectional ? 2 : 1)
        let height = overflow ? Int.max : rows
        let width = layer == 0 ? inputs : overflow2 ? .max : wide
        return [[height, width], [height, state]] + (options.bias ? [[height], [height]] : [])
            + (options.projSize > 0 ? [[state, size]] : [])
    }

    /// The name and the sizes of each weight that a network with these arguments has.
    package static func plan(_ inputs: Int, _ size: Int, _ options: Options) -> [(name: String, sizes: [Int])] {
        guard options.numLayers > 0, let gates = try? mode(options).gateCount else { return [] }
        let directions = options.bidirectional ? 2 : 1
        return names(options).enumerated().flatMap { place, names in
            zip(names, sizes(inputs, size, options, gates: gates, layer: place / directions)).map { ($0, $1) }
        }
    }

    private var directions: Int { options.bidirectional ? 2 : 1 }
    private var stateSize: Int { options.projSize > 0 ? options.projSize : hiddenSize }

    public final override func forward(_ input: Tensor) throws -> Tensor {
        try oneTensor(of: forward(Arguments(input)))
    }

    public final override func forward(_ arguments: Arguments) throws -> Value {
        let given = try arguments.bound(to: [CallParameter("input"), CallParameter("hx", Value.none)], in: self)
        guard let input = given[0].tensor else {
            throw ModuleError.notATensor(function: "forward", name: "input", position: 1, got: given[0].pythonType)
        }
        let recurrence = try recurrence()
        try check(input, recurrence.weights)
        let isBatch = input.rank == 3
        let batchAxis = options.batchFirst ? 0 : 1
        let sequence = try isBatch ? input : input.withBatchAxis(at: batchAxis)
        let (state, cell) = try states(given[1], for: sequence, isBatch: isBatch)
        let dropsOut = isTraining && options.dropout.value > 0
        let output = try recurrence(
            sequence,
            state: state,
            cell: cell,
            generator: dropsOut ? CallContext.current?.generator ?? .default : nil
        )
        func shaped(_ tensor: Tensor) throws -> Value {
            .tensor(isBatch ? tensor : try tensor.withoutBatchAxis(at: 1))
        }
        let states = isBatch ? output.states : try output.states.withoutBatchAxis(at: batchAxis)
        let last = try shaped(output.state)
        guard let cell = output.cell else { return .tuple([.tensor(states), last]) }
        return .tuple([.tensor(states), .tuple([last, try shaped(cell)])])
    }

    private func recurrence() throws -> Recurrence {
        let weights = try slots.map { slots in
            let operands = try slots.map { try $0.operand(of: "rnn", position: 3) }
            let biases = options.bias ? [operands[2], operands[3]] : []
            return RecurrentWeights(
                input: operands[0],
                state: operands[1],
                inputBias: biases.first,
                stateBias: biases.last,
                projection: options.projSize > 0 ? operands.last : nil
            )
        }
        return Recurrence(
            mode: try Self.mode(options),
            weights: weights,
            isBidirectional: options.bidirectional,
            isBatchFirst: options.batchFirst,
            dropout: options.dropout.value
        )
    }

    private func check(_ input: Tensor, _ weights: [RecurrentWeights]) throws {
        guard input.rank == 2 || input.rank == 3 else {
            throw ModuleError.layer(.sequenceRank(type: typeName, rank: input.rank))
        }
        let dtype = weights[0].input.dtype
        guard input.dtype == dtype else { throw ModuleError.layer(.recurrentTypes(input: input.dtype, weight: dtype)) }
        let size = input.shape[input.rank - 1]
        guard size == inputSize else { throw ModuleError.layer(.sequenceSize(expected: inputSize, got: size)) }
        for (weights, place) in zip(weights, 0...) {
            let expected = Self.sizes(
                inputSize,
                hiddenSize,
                options,
                gates: try Self.mode(options).gateCount,
                layer: place / directions
            )
            let found = [weights.input, weights.state, weights.inputBias, weights.stateBias, weights.projection]
                .compactMap { $0?.shape.dimensions }
            guard found == expected else { throw ModuleError.layer(.recurrentWeights) }
        }
    }

    /// Returns the states to begin with.
    private func states(_ given: Value, for input: Tensor, isBatch: Bool) throws -> (Tensor, Tensor?) {
        let count = options.numLayers * directions
        let rows = input.shape[options.batchFirst ? 0 : 1]
        let sizes = [[count, rows, stateSize]] + (Self.isLSTM ? [[count, rows, hiddenSize]] : [])
        guard !given.isNone else {
            let zeros = try sizes.map { try Tensor.zeros(Shape(checking: $0), dtype: input.dtype) }
            return (zeros[0], zeros.count > 1 ? zeros[1] : nil)
        }
        let tensors = Self.isLSTM ? (given.elements ?? []).compactMap(\.tensor) : [given.tensor].compactMap(\.self)
        guard tensors.count == sizes.count else {
            throw ModuleError.notATensor(function: "forward", name: "hx", position: 2, got: given.pythonType)
        }
        let rank = isBatch ? 3 : 2
        guard tensors.allSatisfy({ $0.rank == rank }) else {
            throw ModuleError.layer(.stateRank(isBatch: isBatch, ranks: tensors.map(\.rank)))
        }
        let batches = try tensors.map { isBatch ? $0 : try $0.withBatchAxis(at: 1) }
        for (index, (tensor, size)) in zip(batches, sizes).enumerated() where tensor.shape.dimensions != size {
            let name = Self.isLSTM ? "hidden[\(index)]" : "hidden"
            throw ModuleError.layer(.stateSize(name: name, expected: size, got: tensor.shape.dimensions))
        }
        for tensor in batches where tensor.dtype != input.dtype {
            throw TensorError.expectedScalarType(input.dtype, got: tensor.dtype)
        }
        return (batches[0], batches.count > 1 ? batches[1] : nil)
    }

    public final override var extraRepr: String {
        var parts = ["\(inputSize), \(hiddenSize)"]
        if options.projSize != 0 { parts.append("proj_size=\(options.projSize)") }
        if options.numLayers != 1 { parts.append("num_layers=\(options.numLayers)") }
        if !options.bias { parts.append("bias=False") }
        if options.batchFirst { parts.append("batch_first=True") }
        if options.dropout.value != 0 { parts.append("dropout=\(options.dropout)") }
        if options.bidirectional { parts.append("bidirectional=True") }
        return parts.joined(separator: ", ")
    }

    public final override var attributeNames: Set<String> {
        [
            "mode", "input_size", "hidden_size", "num_layers", "bias", "batch_first", "dropout", "bidirectional",
            "proj_size", "nonlinearity", "all_weights", "flatten_parameters", "reset_parameters",
        ]
    }

    public final override var expectedInput: String? {
        options.batchFirst ? "[N, L, \(inputSize)] or [L, \(inputSize)]" : "[L, N, \(inputSize)] or [L, \(inputSize)]"
    }

    public final override var inputSpecs: [TensorSpec]? {
        let shape: [Extent] = options.batchFirst ? [.batch(1), .unknown] : [.unknown, .batch(1)]
        let dtype = slots.first?.first?.value?.tensor.dtype
        let rows = TensorSpec.Rows.axis(options.batchFirst ? 0 : 1)
        return [TensorSpec(shape: shape + [.fixed(inputSize)], dtype: dtype, rows: rows)]
    }

    /// The states of all steps, and the last ones; what drops in training draws one number after the other.
    public final override func outputSpec(for inputs: [ValueSpec]) -> ValueSpec {
        guard let spec = inputs.first?.tensor, let shape = spec.shape, shape.count == 2 || shape.count == 3,
            shape[shape.count - 1].isOr(inputSize)
        else { return .unknown }
        let axis = options.batchFirst ? 0 : 1
        // The states to begin with have the rows in their second axis, one for each of the input.
        let states = inputs.dropFirst().flatMap(\.tensors)
        let agree = states.allSatisfy { state in
            shape.count == 3 && state.rank == 3 && state.shape?[1] == shape[axis]
                && state.rows == (spec.rows == .none ? TensorSpec.Rows.none : .axis(1))
        }
        let keepsRows = (spec.rows == .none || shape.count == 3 && spec.rows == .axis(axis)) && agree
        let isMixed = !keepsRows || isTraining && options.dropout.value > 0
        let batch = shape.count == 3 ? [shape[axis]] : []
        let (count, size) = (Extent.fixed(options.numLayers * directions), Extent.fixed(stateSize))
        let rows: TensorSpec.Rows = isMixed ? .mixed : spec.rows == .none ? .none : .axis(1)
        func last(_ size: Int) -> ValueSpec {
            .tensor(TensorSpec(shape: [count] + batch + [.fixed(size)], dtype: spec.dtype, rows: rows))
        }
        var outputs = spec.resized(-1, to: .fixed(directions) * size)
        if isMixed { outputs.rows = .mixed }
        let cell = Self.isLSTM ? ValueSpec.tuple([last(stateSize), last(hiddenSize)]) : last(stateSize)
        return .tuple([.tensor(outputs), cell])
    }

    /// The multiply-adds of a step of all layers, for each element of its state.
    public final override var workPerElement: Int {
        let gates = (try? Self.mode(options).gateCount) ?? 1
        let (sum, overflow) = max(inputSize, stateSize * directions).addingReportingOverflow(stateSize)
        let (work, overflow2) = sum.multipliedReportingOverflow(by: gates * options.numLayers)
        return overflow || overflow2 ? .max : work
    }

    public final override func emptyCopy() throws -> Module { try Self(unfilled: inputSize, hiddenSize, options) }
}

/// A recurrent network: `h' = tanh(W x + b + U h + c)`, or with a rectifier in place of tanh.
public final class RNN: RecurrentNetwork {
    override class func mode(_ options: Options) throws -> RecurrentMode {
        switch options.nonlinearity {
        case "tanh": .tanh
        case "relu": .relu
        default: throw ModuleError.layer(.nonlinearity(options.nonlinearity))
        }
    }
}

/// A network of long short-term memory: gates decide what enters a second state, stays in it and comes out of it.
public final class LSTM: RecurrentNetwork {
    override class func mode(_ options: Options) throws -> RecurrentMode { .lstm }
    override class var isLSTM: Bool { true }
}

/// A network of gated recurrent units: one gate resets the state, another lets it pass.
public final class GRU: RecurrentNetwork {
    override class func mode(_ options: Options) throws -> RecurrentMode { .gru }
}

extension ModuleType {
    /// Recurrent networks.
    static let recurrentNetworks: [ModuleType] = [
        network(RNN.self, more: [ModuleParameter("nonlinearity", .text, "tanh")], projects: false),
        network(LSTM.self, more: [], projects: true), network(GRU.self, more: [], projects: false),
    ]

    private static func network(
        _ kind: RecurrentNetwork.Type,
        more: [ModuleParameter],
        projects: Bool
    ) -> ModuleType {
        ModuleType(
            "\(kind)",
            parameters: [
                ModuleParameter("input_size", .int), ModuleParameter("hidden_size", .int),
                ModuleParameter("num_layers", .int, 1),
            ] + more + [
                ModuleParameter("bias", .flag, true), ModuleParameter("batch_first", .flag, false),
                ModuleParameter("dropout", .number, 0.0), ModuleParameter("bidirectional", .flag, false),
            ] + (projects ? [ModuleParameter("proj_size", .int, 0)] : []),
            tensors: { given in
                // More layers than this have more weights than a tree may have modules.
                let options = options(given)
                // What PyTorch refuses has no weights.
                guard given.int("input_size") > 0, given.int("hidden_size") > 0 else { return [] }
                guard options.numLayers <= 10_000 else {
                    return [TensorDeclaration("weight_ih_l0", [.max, .max])]
                }
                return kind.plan(given.int("input_size"), given.int("hidden_size"), options)
                    .map { TensorDeclaration($0.name, $0.sizes) }
            },
            make: { given, dtype, generator in
                try kind.init(
                    inputSize: given.int("input_size"),
                    hiddenSize: given.int("hidden_size"),
                    options: options(given),
                    dtype: dtype,
                    generator: generator
                )
            }
        )
    }

    private static func options(_ given: ModuleArguments) -> RecurrentNetwork.Options {
        var options = RecurrentNetwork.Options()
        options.numLayers = given.int("num_layers")
        options.bias = given.flag("bias")
        options.batchFirst = given.flag("batch_first")
        options.dropout = given.number("dropout")
        options.bidirectional = given.flag("bidirectional")
        options.projSize = given.optionalInt("proj_size") ?? 0
        if !given.text("nonlinearity").isEmpty { options.nonlinearity = given.text("nonlinearity") }
        return options
    }
}
