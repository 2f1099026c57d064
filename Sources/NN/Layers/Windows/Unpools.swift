public import Tensors

/// What undoes a pool of the largest numbers along one axis, as far as that can be undone: zeros everywhere else.
///
/// Inputs: `input` and `indices`, as a pool with `returnIndices` gives them, and by name or third `output_size`.
public class MaxUnpool1d: Module {
    class var axes: Int { 1 }

    /// The size of a window.
    public final let kernelSize: [Int]
    /// The distance of windows.
    public final let stride: [Int]
    /// The padding on either side.
    public final let padding: [Int]

    /// Creates a layer.
    /// - Throws: `ModuleError.layer` unless there is a size for each axis.
    public required init(kernelSize: AxisSizes, stride: AxisSizes? = nil, padding: AxisSizes = 0) throws {
        let axes = Self.axes
        self.kernelSize = try kernelSize.spread(over: axes, "kernel_size")
        self.stride = try (stride ?? kernelSize).spread(over: axes, "stride")
        self.padding = try padding.spread(over: axes, "padding")
    }

    private static let parameters = [
        CallParameter("input"), CallParameter("indices"), CallParameter("output_size", Value.none),
    ]

    public final override func forward(_ input: Tensor) throws -> Tensor {
        try oneTensor(of: forward(Arguments(input)))
    }

    public final override func forward(_ arguments: Arguments) throws -> Value {
        let given = try arguments.bound(to: Self.parameters, in: self)
        guard let input = given[0].tensor, let indices = given[1].tensor else {
            let place = given[0].tensor == nil ? 0 : 1
            throw ModuleError.notATensor(
                function: "forward",
                name: Self.parameters[place].name,
                position: place + 1,
                got: given[place].pythonType
            )
        }
        let sizes = try sizes(of: input, given[2].elements?.compactMap(\.wholeNumber))
        return .tensor(try input.maxUnpool(indices, to: sizes, stride: stride))
    }

    private func sizes(of input: Tensor, _ given: [Int]?) throws -> [Int] {
        let axes = Self.axes
        guard input.rank >= axes else { throw TensorError.dimensionOutOfRange(-axes, rank: input.rank) }
        let usual = (0..<axes).map { axis in
            saturating(input.shape[input.rank - axes + axis] - 1, stride[axis], kernelSize[axis], padding[axis])
        }
        var sizes = usual
        if let given {
            sizes = given.count == axes + 2 ? Array(given.dropFirst(2)) : given
            guard sizes.count == axes else {
                throw ModuleError.layer(.unpooledSizeCount(axes: axes, got: sizes.count))
            }
            for axis in 0..<axes {
                let (above, below) = (usual[axis] - stride[axis], usual[axis] + stride[axis])
                guard above < sizes[axis], sizes[axis] < below else {
                    throw ModuleError.layer(.unpooledSize("\(sizes)", dim: axis, above: above, below: below))
                }
            }
        }
        if let axis = sizes.firstIndex(where: { $0 < 0 }) {
            throw ModuleError.layer(.negativeUnpooledSize(dim: axis, sizes[axis]))
        }
        return sizes
    }

    /// `steps * stride + kernel - 2 * padding`, within a quarter of what a whole number holds.
    private func saturating(_ steps: Int, _ stride: Int, _ kernel: Int, _ padding: Int) -> Int {
        let limit = Int.max / 8
        func bounded(_ number: Int) -> Int { min(max(number, -limit), limit) }
        let (product, overflow) = steps.multipliedReportingOverflow(by: stride)
        return bounded(overflow ? limit : product) + bounded(kernel) - 2 * bounded(padding)
    }

    public final override var extraRepr: String {
        "kernel_size=\(kernelSize.pythonTuple), stride=\(stride.pythonTuple), padding=\(padding.pythonTuple)"
    }

    public final override var attributeNames: Set<String> { ["kernel_size", "stride", "padding"] }

    /// Rows of both inputs go together.
    public final override func outputSpec(for inputs: [ValueSpec]) -> ValueSpec {
        let specs = inputs.prefix(2).compactMap(\.tensor)
        guard specs.count == 2, specs[0].shape == specs[1].shape, specs[0].rows == specs[1].rows,
            inputs.dropFirst(2).allSatisfy(\.isNone)
        else { return .unknown }
        return .images(inputs, axes: Self.axes, sizes: wholeExtents)
    }

    private func wholeExtents(_ sizes: [Extent]) -> [Extent] {
        sizes.indices.map { axis in
            guard let size = sizes[axis].number, size > 0 else { return .unknown }
            let whole = saturating(size - 1, stride[axis], kernelSize[axis], padding[axis])
            return whole >= 0 ? .fixed(whole) : .unknown
        }
    }

    public final override func emptyCopy() throws -> Module {
        try Self(kernelSize: .each(kernelSize), stride: .each(stride), padding: .each(padding))
    }
}

/// What undoes a pool of the largest numbers along two axes.
public final class MaxUnpool2d: MaxUnpool1d {
    override class var axes: Int { 2 }
}

/// What undoes a pool of the largest numbers along three axes.
public final class MaxUnpool3d: MaxUnpool1d {
    override class var axes: Int { 3 }
}

extension ModuleType {
    /// What undoes pools.
    static let unpools: [ModuleType] = [
        unpool(MaxUnpool1d.self), unpool(MaxUnpool2d.self), unpool(MaxUnpool3d.self),
    ]

    private static func unpool(_ kind: MaxUnpool1d.Type) -> ModuleType {
        let axes = kind.axes
        return ModuleType(
            "\(kind)",
            parameters: [
                ModuleParameter("kernel_size", .axisSizes(axes)),
                ModuleParameter("stride", .optionalAxisSizes(axes), Value.none),
                ModuleParameter("padding", .axisSizes(axes), 0),
            ],
            inputCount: 2,
            make: { given, _, _ in
                try kind.init(
                    kernelSize: given.axisSizes("kernel_size"),
                    stride: given.optionalAxisSizes("stride"),
                    padding: given.axisSizes("padding")
                )
            }
        )
    }
}
