import OrderedCollections
public import Tensors

/// What the stacks of a transformer share: its layers, one after the other, and a norm behind them if there is one.
public class TransformerStack: Module {
    /// Creates a stack of `count` copies of `layer`.
    /// - Throws: `ModuleError` where a module cannot be copied.
    public init(layer: Module, count: Int, norm: Module? = nil) throws {
        super.init()
        let layers = try ModuleList()
        for index in 0..<max(0, count) { try layers.append(index == 0 ? layer : layer.copied()) }
        try registerChild("layers", layers)
        if let norm { try registerChild("norm", norm) }
    }

    /// Creates a stack whose layers and norm are put under `layers` and `norm` afterwards.
    init(empty: Void) { super.init() }

    /// The layers in order.
    public final var layers: [Module] { (childSlots["layers"]?.value as? ModuleList)?.elements ?? [] }

    /// Returns what layers and norm make of `input`.
    final func passed(_ input: Tensor, _ arguments: (Tensor) -> Arguments) throws -> Tensor {
        guard !layers.isEmpty else { throw ModuleError.indexOutOfRange(0) }
        var value = input
        for (index, layer) in layers.enumerated() {
            value = try layer.oneTensor(of: layer.call(arguments(value), as: "layers.\(index)"))
        }
        return value
    }

    final func normalized(_ input: Tensor) throws -> Tensor { try childSlots["norm"].map { try $0(input) } ?? input }

    /// How many inputs go from layer to layer.
    class var inputCount: Int { 1 }

    /// Whether what becomes of a row depends on the others.
    func looksAtAllRows(_ inputs: [ValueSpec]) -> Bool { false }

    public final override var inputSpecs: [TensorSpec]? { layers.first?.inputSpecs }

    public final override func outputSpec(for inputs: [ValueSpec]) -> ValueSpec {
        let count = Self.inputCount
        guard inputs.count >= count, !looksAtAllRows(inputs) else { return .mixed(inputs) }
        let passed = layers.reduce(inputs[0]) { $1.outputSpec(for: [$0] + inputs.dropFirst()) }
        return childSlots["norm"]?.value?.outputSpec(for: [passed]) ?? passed
    }

    public final override func work(for inputs: [ValueSpec], rows: Int) -> Int? {
        layers.reduce(0) { sum, layer in
            guard let sum, let work = layer.work(for: inputs, rows: rows) else { return nil }
            let (total, overflow) = sum.addingReportingOverflow(work)
            return overflow ? .max : total
        }
    }
}

/// A transformer's encoder.
///
/// Inputs: `src`, as its layers take it, and by name `mask`, `src_key_padding_mask` and `is_causal`.
public final class TransformerEncoder: TransformerStack {
    /// Whether padding comes out as zeros where PyTorch has its short way for it.
    public let enableNestedTensor: Bool
    private static let parameters = [
        CallParameter("src"), CallParameter("mask", Value.none), CallParameter("src_key_padding_mask", Value.none),
        CallParameter("is_causal", Value.none),
    ]

    /// Creates an encoder of `count` copies of `layer`.
    public init(layer: Module, count: Int, norm: Module? = nil, enableNestedTensor: Bool = true) throws {
        self.enableNestedTensor = enableNestedTensor
        try super.init(layer: layer, count: count, norm: norm)
    }

    init(enableNestedTensor: Bool) {
        self.enableNestedTensor = enableNestedTensor
        super.init(empty: ())
    }

    override var boundParameters: [CallParameter]? { Self.parameters }

    public override func forward(_ input: Tensor) throws -> Tensor { try oneTensor(of: forward(Arguments(input))) }

    public override func forward(_ arguments: Arguments) throws -> Value {
        let given = try arguments.bound(to: Self.parameters, in: self)
        guard let input = given[0].tensor else {
            throw ModuleError.notATensor(function: "forward", name: "src", position: 1, got: given[0].pythonType)
        }
        let isCausal = Value.bool(given[3].isTrue)
        var output = try passed(input) { value in
            Arguments(
                values: [.tensor(value)],
                keyword: ["src_mask": given[1], "src_key_padding_mask": given[2], "is_causal": isCausal]
            )
        }
        if given[1].isNone, let padding = given[2].tensor, padsWithZeros(input, padding) {
            output = try output.maskedFill(padding.unsqueezed(-1), 0)
        }
        return .tensor(try normalized(output))
    }

    /// PyTorch goes its short way where the padding of every row of the batch stands at its end: one row with other padding
    /// leaves numbers where the others have zeros.
    override func looksAtAllRows(_ inputs: [ValueSpec]) -> Bool {
        enableNestedTensor && inputs.given(1...1).allSatisfy(\.isNone) && !inputs.given(2...2).allSatisfy(\.isNone)
    }

    /// Whether PyTorch would go its short way, which leaves zeros where the padding is.
    private func padsWithZeros(_ input: Tensor, _ padding: Tensor) -> Bool {
        guard enableNestedTensor, let layer = layers.first as? TransformerEncoderLayer, !layer.isTraining,
            input.rank == 3, padding.dtype == .bool, padding.rank == 2, !Autograd.isRecording
        else { return false }
        let options = layer.options
        guard !options.normFirst, options.batchFirst, options.bias, layer.headCount % 2 == 0 else { return false }
        // The padding stands at the end of each row.
        let flags = padding.scalars(as: Double.self)
        let width = padding.shape[1]
        return (0..<padding.shape[0]).allSatisfy { row in
            let flags = flags[(row * width)..<((row + 1) * width)]
            return !flags.drop { $0 == 0 }.contains(0)
        }
    }

    public override var attributeNames: Set<String> {
        ["num_layers", "enable_nested_tensor", "use_nested_tensor", "mask_check"]
    }

    public override func emptyCopy() throws -> Module { TransformerEncoder(enableNestedTensor: enableNestedTensor) }
}

/// A transformer's decoder.
///
/// Inputs: `tgt` and `memory`, as its layers take them, and by name their masks.
public final class TransformerDecoder: TransformerStack {
    override class var inputCount: Int { 2 }

    private static let masks = [
        "tgt_mask", "memory_mask", "tgt_key_padding_mask", "memory_key_padding_mask",
    ]
    private static let parameters =
        [CallParameter("tgt"), CallParameter("memory")] + masks.map { CallParameter($0, Value.none) }
        + [CallParameter("tgt_is_causal", Value.none), CallParameter("memory_is_causal", .bool(false))]

    init() { super.init(empty: ()) }

    /// Creates a decoder of `count` copies of `layer`.
    public override init(layer: Module, count: Int, norm: Module? = nil) throws {
        try super.init(layer: layer, count: count, norm: norm)
    }

    override var boundParameters: [CallParameter]? { Self.parameters }

    public override func forward(_ input: Tensor) throws -> Tensor { try oneTensor(of: forward(Arguments(input))) }

    public override func forward(_ arguments: Arguments) throws -> Value {
        let given = try arguments.bound(to: Self.parameters, in: self)
        guard let input = given[0].tensor, let memory = given[1].tensor else {
            let place = given[0].tensor == nil ? 0 : 1
            throw ModuleError.notATensor(
                function: "forward",
                name: Self.parameters[place].name,
                position: place + 1,
                got: given[place].pythonType
            )
        }
        let masks = OrderedDictionary(uniqueKeysWithValues: zip(Self.masks, given[2..<6]))
        let output = try passed(input) { Arguments(values: [.tensor($0), .tensor(memory)], keyword: masks) }
        return .tensor(try normalized(output))
    }

    public override var attributeNames: Set<String> { ["num_layers"] }
    public override func emptyCopy() throws -> Module { TransformerDecoder() }
}

extension Value {
    var isTrue: Bool {
        if case .bool(true) = self { true } else { false }
    }
}

extension ModuleType {
    /// The stacks of transformers, which hold their layers under `layers` and a norm under `norm`, or make as many copies of
    /// one layer as is asked for.
    static let transformerStacks: [ModuleType] = [
        ModuleType(
            "TransformerEncoder",
            parameters: [
                ModuleParameter("num_layers", .optionalInt, Value.none),
                ModuleParameter("enable_nested_tensor", .flag, true), ModuleParameter("mask_check", .flag, true),
            ],
            children: .names,
            copies: (child: "encoder_layer", into: "layers", count: "num_layers"),
            make: { given, _, _ in TransformerEncoder(enableNestedTensor: given.flag("enable_nested_tensor")) }
        ),
        ModuleType(
            "TransformerDecoder",
            parameters: [ModuleParameter("num_layers", .optionalInt, Value.none)],
            children: .names,
            copies: (child: "decoder_layer", into: "layers", count: "num_layers"),
            inputCount: 2,
            make: { _, _, _ in TransformerDecoder() }
        ),
    ]
}
