/// What layers do to their first input.
extension ValueSpec {
    /// Each element for itself.
    public static func elementwise(_ inputs: [ValueSpec]) -> ValueSpec {
        .tensor(inputs.first?.tensor ?? .unknown)
    }

    /// Each last axis for itself; `size` is what it must have, `newSize` what it becomes.
    public static func lastAxis(_ inputs: [ValueSpec], from size: Int?, to newSize: Int?) -> ValueSpec {
        guard let spec = inputs.first?.tensor, let last = spec.shape?.last, let newSize else { return .unknown }
        guard last == .unknown || last.number == size || last.isBatch else { return .unknown }
        return .tensor(spec.resized(-1, to: .fixed(newSize)))
    }

    /// Each of the trailing axes of `sizes` for itself.
    public static func trailingAxes(_ inputs: [ValueSpec], sizes: [Int]) -> ValueSpec {
        guard let spec = inputs.first?.tensor, let rank = spec.rank, rank >= sizes.count else { return .unknown }
        let isMixed = spec.batchAxis.map { $0 >= rank - sizes.count } ?? false
        return .tensor(isMixed ? spec.with(rows: .mixed) : spec)
    }

    /// As the first input, whose entries along `dim` meet.
    public static func along(_ inputs: [ValueSpec], _ dim: Int) -> ValueSpec {
        guard let spec = inputs.first?.tensor, let axis = spec.axis(dim) else { return .unknown }
        return .tensor(spec.batchAxis == axis ? spec.with(rows: .mixed) : spec)
    }
}
