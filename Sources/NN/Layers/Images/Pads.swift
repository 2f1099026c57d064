public import Tensors

/// What the paddings share: numbers before and after the last axes.
///
/// Input: `[*, *sizes]`. Output: the same with larger sizes, or smaller ones where the padding is negative.
public class Pad: Module {
    /// The number of axes.
    class var axes: Int { 1 }

    /// The numbers before and after each axis, from the last one to the first, as PyTorch writes them.
    public final let padding: [Int]
    /// The number of a constant padding.
    public final let value: PythonNumber

    /// Creates a padding.
    /// - Parameters:
    ///   - padding: A number for all sides, or for each side, from the last axis to the first.
    ///   - value: The number of a constant padding.
    /// - Throws: `ModuleError.layer` unless there is one for each side.
    public required init(_ padding: AxisSizes, value: PythonNumber = 0.0) throws {
        self.padding = try padding.spread(over: 2 * Self.axes, "padding")
        self.value = value
    }

    /// What the new numbers are.
    var mode: TensorPadding.Mode { .constant(value.value) }

    /// Refuses inputs of the wrong number of axes.
    func check(_ input: Tensor) throws {}

    public final override func forward(_ input: Tensor) throws -> Tensor {
        try check(input)
        let amounts = (0..<Self.axes).reversed().map {
            TensorPadding.Amount(before: padding[2 * $0], after: padding[2 * $0 + 1])
        }
        return try input.padded(TensorPadding(mode, amounts))
    }

    public override var extraRepr: String { padding.pythonTuple }
    public final override var attributeNames: Set<String> { ["padding", "value"] }

    public final override func outputSpec(for inputs: [ValueSpec]) -> ValueSpec {
        .images(inputs, axes: Self.axes, sizes: paddedExtents)
    }

    private func paddedExtents(_ sizes: [Extent]) -> [Extent] {
        sizes.indices.map { axis in
            let side = 2 * (Self.axes - 1 - axis)
            return sizes[axis].plus(padding[side]).plus(padding[side + 1])
        }
    }

    public final override func emptyCopy() throws -> Module { try Self(.each(padding), value: value) }
}

/// A number around the last axis.
public class ConstantPad1d: Pad {
    public final override var forwardOwner: String { "_ConstantPadNd" }

    public final override var extraRepr: String { "padding=\(padding.pythonTuple), value=\(value)" }
}

/// A number around the last two axes.
public final class ConstantPad2d: ConstantPad1d {
    override class var axes: Int { 2 }
}

/// A number around the last three axes.
public final class ConstantPad3d: ConstantPad1d {
    override class var axes: Int { 3 }
}

/// Zeros around the last axis.
public class ZeroPad1d: Pad {
    public final override var forwardOwner: String { "_ConstantPadNd" }
}

/// Zeros around the last two axes.
public final class ZeroPad2d: ZeroPad1d {
    override class var axes: Int { 2 }
}

/// Zeros around the last three axes.
public final class ZeroPad3d: ZeroPad1d {
    override class var axes: Int { 3 }
}

/// The image mirrored at the ends of its last axis.
public class ReflectionPad1d: Pad {
    public final override var forwardOwner: String { "_ReflectionPadNd" }

    override final var mode: TensorPadding.Mode { .reflect }
}

/// The image mirrored at the ends of its last two axes.
public final class ReflectionPad2d: ReflectionPad1d {
    override class var axes: Int { 2 }
}

/// The image mirrored at the ends of its last three axes.
public final class ReflectionPad3d: ReflectionPad1d {
    override class var axes: Int { 3 }
}

/// The numbers at the ends of the last axis, again and again.
public class ReplicationPad1d: Pad {
    public final override var forwardOwner: String { "_ReplicationPadNd" }

    override final var mode: TensorPadding.Mode { .replicate }
}

/// The numbers at the ends of the last two axes, again and again.
public final class ReplicationPad2d: ReplicationPad1d {
    override class var axes: Int { 2 }
}

/// The numbers at the ends of the last three axes, again and again.
public final class ReplicationPad3d: ReplicationPad1d {
    override class var axes: Int { 3 }
}

/// The image again, from the other end of its last axis.
public class CircularPad1d: Pad {
    public final override var forwardOwner: String { "_CircularPadNd" }

    override final var mode: TensorPadding.Mode { .circular }

    override final func check(_ input: Tensor) throws {
        let (single, batch) = (Self.axes + 1, Self.axes + 2)
        guard input.rank == single || input.rank == batch else {
            throw ModuleError.layer(.inputRank(expected: "\(single)D or \(batch)D", got: input.rank))
        }
    }
}

/// The image again, from the other ends of its last two axes.
public final class CircularPad2d: CircularPad1d {
    override class var axes: Int { 2 }
}

/// The image again, from the other ends of its last three axes.
public final class CircularPad3d: CircularPad1d {
    override class var axes: Int { 3 }
}

extension ModuleType {
    /// Paddings.
    static let pads: [ModuleType] = [
        pad(ZeroPad1d.self, axes: 1), pad(ZeroPad2d.self, axes: 2), pad(ZeroPad3d.self, axes: 3),
        pad(ConstantPad1d.self, axes: 1, takesValue: true), pad(ConstantPad2d.self, axes: 2, takesValue: true),
        pad(ConstantPad3d.self, axes: 3, takesValue: true),
        pad(ReflectionPad1d.self, axes: 1), pad(ReflectionPad2d.self, axes: 2), pad(ReflectionPad3d.self, axes: 3),
        pad(ReplicationPad1d.self, axes: 1), pad(ReplicationPad2d.self, axes: 2), pad(ReplicationPad3d.self, axes: 3),
        pad(CircularPad1d.self, axes: 1), pad(CircularPad2d.self, axes: 2), pad(CircularPad3d.self, axes: 3),
    ]

    private static func pad(_ kind: Pad.Type, axes: Int, takesValue: Bool = false) -> ModuleType {
        ModuleType(
            "\(kind)",
            parameters: [ModuleParameter("padding", .axisSizes(2 * axes))]
                + (takesValue ? [ModuleParameter("value", .number)] : []),
            make: { given, _, _ in
                try kind.init(given.axisSizes("padding"), value: takesValue ? given.number("value") : 0.0)
            }
        )
    }
}
