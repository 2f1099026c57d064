public import Tensors

/// A bilinear map of two inputs: `y_k = Σ_ij a_i W_kij b_j + c_k`.
///
/// - Inputs: `input1` of `[*, in1Features]` and `input2` of `[*, in2Features]` with the same leading axes.
///   Output: `[*, outFeatures]`. It cannot stand in a `Sequential`.
/// - State: `weight` of `[outFeatures, in1Features, in2Features]` and `bias` of `[outFeatures]`, both drawn uniformly
///   from `±1/√in1Features`.
public final class Bilinear: Module {
    /// The size of the last axis of the first input.
    public let in1Features: Int
    /// The size of the last axis of the second input.
    public let in2Features: Int
    /// The size of the last axis of the output.
    public let outFeatures: Int

    private let weightSlot = Slot<Parameter>()
    private let biasSlot = Slot<Parameter>()

    /// Creates a layer with random parameters.
    public convenience init(
        in1Features: Int,
        in2Features: Int,
        outFeatures: Int,
        bias: Bool = true,
        dtype: DType = .float32,
        generator: Generator? = nil
    ) throws {
        try self.init(unfilled: in1Features, in2Features, outFeatures)
        let shape = try Shape(checking: [outFeatures, in1Features, in2Features])
        guard in1Features > 0 else { throw ModuleError.nonPositiveFeatures(in1Features) }
        let bound = 1 / Double(in1Features).squareRoot()
        weight = try Parameter(Initial.uniform(shape, within: bound, dtype, generator))
        self.bias = bias ? try Parameter(Initial.uniform([outFeatures], within: bound, dtype, generator)) : nil
    }

    private init(unfilled in1Features: Int, _ in2Features: Int, _ outFeatures: Int) throws {
        self.in1Features = in1Features
        self.in2Features = in2Features
        self.outFeatures = outFeatures
        super.init()
        try registerParameter("weight", nil, in: weightSlot)
        try registerParameter("bias", nil, in: biasSlot)
    }

    /// The weight; without one, a call fails.
    public var weight: Parameter? {
        get { weightSlot.value }
        set { weightSlot.value = newValue }
    }

    /// The bias; `nil` adds none.
    public var bias: Parameter? {
        get { biasSlot.value }
        set { biasSlot.value = newValue }
    }

    public override func forward(_ input: Tensor) throws -> Tensor {
        try oneTensor(of: forward(Arguments(input)))
    }

    public override func forward(_ arguments: Arguments) throws -> Value {
        let inputs = try arguments.bound(to: "input1", "input2", in: self)
        let weight = try weightSlot.operand(of: "bilinear", position: 3)
        return .tensor(try Tensor.bilinear(inputs[0], inputs[1], weight: weight, bias: biasSlot.operand))
    }

    public override var typeName: String { "Bilinear" }

    public override var extraRepr: String {
        "in1_features=\(in1Features), in2_features=\(in2Features), out_features=\(outFeatures), "
            + "bias=\((bias != nil).pythonText)"
    }

    public override var attributeNames: Set<String> { ["in1_features", "in2_features", "out_features"] }

    public override var expectedInput: String? {
        weight.map { "\($0.tensor.dtype.rawValue)[*, \(in1Features)] and [*, \(in2Features)]" }
    }

    public override var inputSpecs: [TensorSpec]? {
        [in1Features, in2Features].map {
            TensorSpec(shape: [.batch(1), .fixed($0)], dtype: weight?.tensor.dtype, rows: .axis(0))
        }
    }

    public override func outputSpec(for inputs: [ValueSpec]) -> ValueSpec {
        guard inputs.count == 2, let first = inputs[0].tensor, let second = inputs[1].tensor,
            first.shape?.dropLast() == second.shape?.dropLast(), first.rows == second.rows
        else { return .unknown }
        return .lastAxis([inputs[0]], from: in1Features, to: outFeatures)
    }

    public override var workPerElement: Int {
        let (product, overflow) = in1Features.multipliedReportingOverflow(by: in2Features)
        return overflow ? .max : product
    }

    public override func emptyCopy() throws -> Module {
        try Bilinear(unfilled: in1Features, in2Features, outFeatures)
    }
}

extension ModuleType {
    static let bilinear = ModuleType(
        "Bilinear",
        parameters: [
            ModuleParameter("in1_features", .int), ModuleParameter("in2_features", .int),
            ModuleParameter("out_features", .int), ModuleParameter("bias", .flag, true),
        ],
        inputCount: 2,
        tensors: { given in
            let sizes = [given.int("out_features"), given.int("in1_features"), given.int("in2_features")]
            return [
                TensorDeclaration("weight", sizes),
                TensorDeclaration("bias", [given.int("out_features")], isPresent: given.flag("bias")),
            ]
        },
        make: { given, dtype, generator in
            try Bilinear(
                in1Features: given.int("in1_features"),
                in2Features: given.int("in2_features"),
                outFeatures: given.int("out_features"),
                bias: given.flag("bias"),
                dtype: dtype,
                generator: generator
            )
        }
    )
}
