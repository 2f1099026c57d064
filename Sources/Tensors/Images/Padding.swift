/// What to put around the last axes of a tensor.
public struct TensorPadding: Sendable, Equatable {
    /// What the new numbers are.
    public enum Mode: Sendable, Equatable {
        case constant(Double)
        /// The image mirrored at its edge, without the edge itself.
        case reflect
        /// The number at the edge.
        case replicate
        /// The image again, from its other end.
        case circular
    }

    /// The numbers before and after an axis; negative ones cut off.
    public struct Amount: Sendable, Equatable {
        /// How many stand before.
        public var before: Int
        /// How many stand after.
        public var after: Int

        /// Creates the amounts of one axis.
        public init(before: Int, after: Int) {
            self.before = before
            self.after = after
        }
    }

    /// What the new numbers are.
    public var mode: Mode
    /// How many, for each of the last axes, outermost first.
    public var amounts: [Amount]

    /// Whether there are any new numbers.
    fileprivate var addsNumbers: Bool { amounts.contains { $0.before > 0 || $0.after > 0 } }

    /// Creates a padding of the last axes.
    public init(_ mode: Mode, _ amounts: [Amount]) {
        self.mode = mode
        self.amounts = amounts
    }
}

extension Tensor {
    /// Returns the tensor with numbers around its last axes: PyTorch's `F.pad`.
    public func padded(_ padding: TensorPadding) throws(TensorError) -> Tensor {
        let axes = padding.amounts.count
        guard rank >= axes else { throw .layer(.paddingLength(2 * axes, rank: rank)) }
        let sizes = Array(shape.suffix(axes))
        var output: [Int] = []
        for (size, amount) in zip(sizes, padding.amounts) {
            let (front, overflow) = size.addingReportingOverflow(amount.before)
            let (whole, overflow2) = front.addingReportingOverflow(amount.after)
            guard !overflow, !overflow2, max(amount.before.magnitude, amount.after.magnitude) <= 1 << 62 else {
                throw .layer(.tooLarge(.padding))
            }
            output.append(whole)
        }
        try checkPadding(padding, sizes, output)
        try checkType(padding)
        let result = try Shape(checking: Array(shape.dropLast(axes)) + output)
        var fill = 0.0
        if case .constant(let value) = padding.mode, padding.addsNumbers { fill = value }
        return try mapped(to: result, fill: fill, "pad", padding.mode.node(axes)) {
            zip(sizes, zip(padding.amounts, output)).map { size, axis in
                (0..<axis.1).map { padding.mode.place($0, axis.0, size: size) }
            }
        }
    }

    private func checkType(_ padding: TensorPadding) throws(TensorError) {
        let axes = padding.amounts.count
        switch padding.mode {
        case .reflect where dtype == .bool: throw .notImplemented(kernel: "reflection_pad\(axes)d", dtype)
        case .replicate where dtype == .bool: throw .notImplemented(kernel: "replication_pad\(axes)d", dtype)
        case .constant(let value) where dtype == .uint8 && !(0...255).contains(value) && padding.addsNumbers:
            throw .scalarNotRepresentable(dtype)
        case .constant, .reflect, .replicate, .circular: break
        }
    }

    private func checkPadding(_ padding: TensorPadding, _ sizes: [Int], _ output: [Int]) throws(TensorError) {
        let axes = sizes.count
        switch padding.mode {
        case .constant:
            guard output.allSatisfy({ $0 >= 0 }) else { throw .layer(.negativeNarrowing) }
        case .circular:
            guard rank == axes + 1 || rank == axes + 2 else { throw .layer(.paddingRank(axes: axes, rank: rank)) }
            // What is cut off on one side cannot come again on the other.
            let kept = zip(sizes, padding.amounts).map { $0 + min($1.before, 0) + min($1.after, 0) }
            guard zip(kept, padding.amounts).allSatisfy({ $0 >= $1.before && $0 >= $1.after }) else {
                throw .layer(.circularPadding)
            }
            guard output.allSatisfy({ $0 >= 0 }) else { throw .layer(.emptyCircularPadding) }
        case .reflect, .replicate:
            guard rank == axes + 1 || rank == axes + 2 else { throw .layer(.paddingRank(axes: axes, rank: rank)) }
            guard shape.suffix(axes + 1).allSatisfy({ $0 > 0 }) else {
                throw .layer(.emptyPaddedInput(axes: axes, input: shape.dimensions))
            }
            if padding.mode == .reflect { try checkReflection(padding.amounts, sizes) }
            guard output.allSatisfy({ $0 > 0 }) else { throw .layer(.paddedOutput(input: sizes, output: output)) }
        }
    }

    private func checkReflection(_ amounts: [TensorPadding.Amount], _ sizes: [Int]) throws(TensorError) {
        for (axis, amount) in amounts.enumerated().reversed() {
            guard amount.before < sizes[axis], amount.after < sizes[axis] else {
                throw .layer(
                    .reflection(
                        before: amount.before,
                        after: amount.after,
                        dimension: rank - sizes.count + axis,
                        input: shape.dimensions
                    )
                )
            }
        }
    }
}

extension TensorPadding.Mode {
    /// Returns which number of an axis stands at `place` of the padded one.
    fileprivate func place(_ place: Int, _ amount: TensorPadding.Amount, size: Int) -> Int? {
        let source = place - amount.before
        let kept = self == .circular ? max(-amount.before, 0)..<size + min(amount.after, 0) : 0..<size
        if kept.contains(source) { return source }
        switch self {
        case .constant: return nil
        case .reflect: return source < 0 ? -source : 2 * (size - 1) - source
        case .replicate: return source < 0 ? 0 : size - 1
        case .circular: return source < kept.lowerBound ? source + kept.count : source - kept.count
        }
    }

    fileprivate func node(_ axes: Int) -> NodeName {
        switch self {
        case .constant: NodeName("ConstantPadNdBackward0", old: "ConstantPadNdBackward")
        case .reflect: NodeName("ReflectionPad\(axes)DBackward0", old: "ReflectionPad\(axes)DBackward")
        case .replicate: NodeName("ReplicationPad\(axes)DBackward0", old: "ReplicationPad\(axes)DBackward")
        case .circular: NodeName("CopySlices", old: "CatBackward")
        }
    }
}
