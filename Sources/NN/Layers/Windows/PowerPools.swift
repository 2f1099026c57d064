public import Tensors

/// The power mean of each window along one axis, times the root of its size.
///
/// Input and output: `[channels, *sizes]` or a batch of such.
public class LPPool1d: Module {
    /// The number of axes behind the channels.
    class var axes: Int { 1 }

    /// The exponent.
    public final let normType: PythonNumber
    /// The size of a window.
    public final let kernelSize: AxisSizes
    /// The distance of windows; `nil` is their size.
    public final let stride: AxisSizes?
    /// Whether windows that lie only partly inside count.
    public final let ceilMode: Bool
    private let steps: PoolSteps

    /// Creates a pool.
    /// - Throws: `ModuleError.layer` unless there is a size for each axis.
    public required init(
        normType: PythonNumber,
        kernelSize: AxisSizes,
        stride: AxisSizes? = nil,
        ceilMode: Bool = false
    ) throws {
        (self.normType, self.kernelSize, self.stride, self.ceilMode) = (normType, kernelSize, stride, ceilMode)
        let axes = Self.axes
        steps = PoolSteps(
            kernel: try kernelSize.spread(over: axes, "kernel_size"),
            stride: try (stride ?? kernelSize).spread(over: axes, "stride"),
            padding: [Int](repeating: 0, count: axes),
            isCeiled: ceilMode
        )
    }

    public final override func forward(_ input: Tensor) throws -> Tensor {
        guard normType.value != 0 else { throw ModuleError.divisionByZero }
        let pooled = try input.powerPool(normType.value, steps)
        // PyTorch multiplies by the size as it was given, and a tuple is no number.
        if Self.axes == 1, case .each = kernelSize {
            throw ModuleError.argumentType(
                function: "mul",
                name: "other",
                position: 1,
                expected: "Tensor",
                got: "tuple"
            )
        }
        return pooled
    }

    public final override var extraRepr: String {
        "norm_type=\(normType), kernel_size=\(kernelSize), stride=\(stride.pythonText), "
            + "ceil_mode=\(ceilMode.pythonText)"
    }

    public final override var attributeNames: Set<String> { ["norm_type", "kernel_size", "stride", "ceil_mode"] }

    public final override func outputSpec(for inputs: [ValueSpec]) -> ValueSpec {
        ValueSpec.images(inputs, axes: Self.axes, sizes: steps.outputExtents).inFloats
    }

    public final override var workPerElement: Int { CallMeter.windows(of: steps.area) }

    public final override func emptyCopy() throws -> Module {
        try Self(normType: normType, kernelSize: kernelSize, stride: stride, ceilMode: ceilMode)
    }
}

/// The power mean of each window along two axes, times the root of its size.
public final class LPPool2d: LPPool1d {
    override class var axes: Int { 2 }
}

/// The power mean of each window along three axes, times the root of its size.
public final class LPPool3d: LPPool1d {
    override class var axes: Int { 3 }
}

extension ModuleType {
    /// Pools of powers.
    static let powerPools: [ModuleType] = [
        powerPool(LPPool1d.self, axes: 1), powerPool(LPPool2d.self, axes: 2), powerPool(LPPool3d.self, axes: 3),
    ]

    private static func powerPool(_ kind: LPPool1d.Type, axes: Int) -> ModuleType {
        ModuleType(
            "\(kind)",
            parameters: [
                ModuleParameter("norm_type", .number), ModuleParameter("kernel_size", .axisSizes(axes)),
                ModuleParameter("stride", .optionalAxisSizes(axes), Value.none),
                ModuleParameter("ceil_mode", .flag, false),
            ],
            make: { given, _, _ in
                try kind.init(
                    normType: given.number("norm_type"),
                    kernelSize: given.axisSizes("kernel_size"),
                    stride: given.optionalAxisSizes("stride"),
                    ceilMode: given.flag("ceil_mode")
                )
            }
        )
    }
}
