import Tensors

extension SpecCall {
    /// What is known of `einsum`'s result, and of the products that each of its numbers is the sum of; `nil` of what it refuses.
    var einsum: (output: ValueSpec, work: Int)? {
        guard case .constant(.string(let equation)) = values[0], let given = values[1].elements else { return nil }
        let operands = (given.count == 1 ? given[0].elements ?? given : given).map { $0.tensor ?? .unknown }
        let ranks = operands.compactMap(\.rank)
        guard ranks.count == operands.count, let form = try? EinsumEquation(equation, ranks: ranks),
            form.inputs.count == operands.count
        else { return nil }
        var sizes: [EinsumEquation.Label: Extent] = [:]
        for (labels, operand) in zip(form.inputs, operands) {
            for (label, extent) in zip(labels, operand.shape ?? []) {
                sizes[label] = sizes[label].map { TensorSpec.stretched($0, extent) } ?? extent
            }
        }
        var spec = TensorSpec(
            shape: form.output.map { sizes[$0] ?? .unknown },
            dtype: TensorSpec.commonDType(of: operands),
            rows: form.rows(of: operands, sizes)
        )
        if !(spec.dtype?.isFloatingPoint ?? false) { spec.dtype = nil }
        let summed = sizes.filter { !form.output.contains($0.key) }.values.reduce(.fixed(1), *)
        return (.tensor(spec), max(1, summed.number ?? 1))
    }
}

extension EinsumEquation {
    /// The rows of the result: along the letter that stands for them in each operand that has any, if they never meet.
    fileprivate func rows(of operands: [TensorSpec], _ sizes: [Label: Extent]) -> TensorSpec.Rows {
        var found: Label?
        for (labels, operand) in zip(inputs, operands) {
            switch operand.rows {
            case .none: break
            case .mixed: return .mixed
            case .axis(let axis):
                let label = labels[axis]
                guard found == nil || found == label, labels.count(where: { $0 == label }) == 1,
                    operand.shape?[axis] == sizes[label]
                else { return .mixed }
                found = label
            }
        }
        guard let found else { return .none }
        return output.firstIndex(of: found).map(TensorSpec.Rows.axis) ?? .mixed
    }
}
