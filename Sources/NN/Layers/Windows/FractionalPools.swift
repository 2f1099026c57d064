public import Tensors

/// The largest number of each window, the windows of each channel spread at random over two axes.
///
/// Input: `[C, *sizes]` or a batch of such. Output: `[C, *outputSize]`, or a batch; with `returnIndices` also the place of
/// each number. It draws from the call's generator, or from the default one, in training and in use.
public class FractionalMaxPool2d: Module {
    class var axes: Int { 2 }

    /// The size of a window.
    public final let kernelSize: [Int]
    /// The sizes of the output; `nil` where there is a ratio.
    public final let outputSize: [Int]?
    /// The output's sizes as parts of the input's.
    public final let outputRatio: [Double]?
    /// Whether it gives the places as well.
    public final let returnIndices: Bool

    /// Creates a pool.
    /// - Throws: `ModuleError.layer` unless there is either a size or a ratio between zero and one.
    public required init(
        kernelSize: AxisSizes,
        outputSize: AxisSizes? = nil,
        outputRatio: AxisFactors? = nil,
        returnIndices: Bool = false
    ) throws {
        let axes = Self.axes
        self.kernelSize = try kernelSize.spread(over: axes, "kernel_size")
        self.outputSize = try outputSize?.spread(over: axes, "output_size")
        self.outputRatio = outputRatio?.spread(over: axes)
        self.returnIndices = returnIndices
        super.init()
        guard (outputSize == nil) != (outputRatio == nil) else {
            throw ModuleError.layer(.fractionalSizes(type: typeName, isBoth: outputSize != nil))
        }
        if let outputRatio, let ratios = self.outputRatio, !ratios.allSatisfy({ $0 > 0 && $0 < 1 }) {
            throw ModuleError.layer(.fractionalRatio("\(outputRatio)"))
        }
    }

    public final override func forward(_ input: Tensor) throws -> Tensor { try pooled(input).values }

    public final override func forward(_ arguments: Arguments) throws -> Value {
        let pooled = try pooled(arguments.bound(to: "input", in: self)[0])
        return returnIndices ? .tuple([.tensor(pooled.values), .tensor(pooled.indices)]) : .tensor(pooled.values)
    }

    private func pooled(_ input: Tensor) throws -> (values: Tensor, indices: Tensor) {
        let image = Array(input.shape.suffix(Self.axes))
        let sizes = outputSize ?? zip(image, outputRatio ?? []).map { Int(Double($0) * $1) }
        guard sizes.count == Self.axes else {
            throw TensorError.dimensionOutOfRange(-Self.axes, rank: input.rank)
        }
        return try input.fractionalMaxPool(
            FractionalSteps(kernel: kernelSize, output: sizes),
            generator: CallContext.current?.generator ?? .default
        )
    }

    public final override var attributeNames: Set<String> {
        ["kernel_size", "return_indices", "output_size", "output_ratio", "_random_samples"]
    }

    /// Each call draws, so that rows meet in the stream.
    public final override func outputSpec(for inputs: [ValueSpec]) -> ValueSpec {
        let pooled = ValueSpec.mixed([
            .images(inputs, axes: Self.axes, sizes: drawnExtents)
        ])
        return .pooled(pooled, withIndices: returnIndices)
    }

    private func drawnExtents(_ sizes: [Extent]) -> [Extent] {
        outputSize?.map(Extent.fixed) ?? [Extent](repeating: .unknown, count: sizes.count)
    }

    public final override func emptyCopy() throws -> Module {
        try Self(
            kernelSize: .each(kernelSize),
            outputSize: outputSize.map(AxisSizes.each),
            outputRatio: outputRatio.map(AxisFactors.each),
            returnIndices: returnIndices
        )
    }
}

/// The largest number of each window, the windows of each channel spread at random over three axes.
public final class FractionalMaxPool3d: FractionalMaxPool2d {
    override class var axes: Int { 3 }
}

extension AxisFactors {
    /// Returns a factor for each of `axes`; too few are PyTorch's to refuse, and count as none here.
    fileprivate func spread(over axes: Int) -> [Double] {
        switch self {
        case .all(let factor): [Double](repeating: factor, count: axes)
        case .each(let factors): factors
        }
    }
}

extension ModuleType {
    /// Pools of drawn windows.
    static let fractionalPools: [ModuleType] = [
        fractionalPool(FractionalMaxPool2d.self), fractionalPool(FractionalMaxPool3d.self),
    ]

    private static func fractionalPool(_ kind: FractionalMaxPool2d.Type) -> ModuleType {
        let axes = kind.axes
        return ModuleType(
            "\(kind)",
            parameters: [
                ModuleParameter("kernel_size", .axisSizes(axes)),
                ModuleParameter("output_size", .optionalAxisSizes(axes), Value.none),
                ModuleParameter("output_ratio", .optionalNumbers, Value.none), .returnIndices,
            ],
            make: { given, _, _ in
                try kind.init(
                    kernelSize: given.axisSizes("kernel_size"),
                    outputSize: given.optionalAxisSizes("output_size"),
                    outputRatio: given.optionalFactors("output_ratio"),
                    returnIndices: given.flag("return_indices")
                )
            }
        )
    }
}

extension ModuleParameter {
    /// Whether a pool gives the places of its numbers.
    static let returnIndices = ModuleParameter("return_indices", .flag, false)
}
