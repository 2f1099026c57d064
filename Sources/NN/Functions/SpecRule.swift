import Tensors

/// What is known of a function's result before a call.
struct SpecRule: Sendable {
    /// Returns what is known of the result.
    let rule: @Sendable (SpecCall) -> ValueSpec
    /// How many multiply-adds each element of the result takes, beside reading the arguments once.
    var workPerElement: @Sendable (SpecCall) -> Int = { _ in 1 }

    /// Whether sizes among the arguments only shape the result: elsewhere one that grows with the batch mixes its rows.
    var readsSizes = false

    /// Returns the same of a function that takes sizes as the shape of its result.
    var ofSizes: SpecRule {
        var rule = self
        rule.readsSizes = true
        return rule
    }

    /// Nothing is known.
    static let unknown = SpecRule { _ in .unknown }

    /// Each element for itself; tensors stretch to one shape.
    ///
    /// What becomes of integers is not told.
    static let elementwise = SpecRule { call in
        guard !call.values.flatMap(\.tensors).isEmpty else { return .unknown }
        var spec = TensorSpec.broadcast(call.values.flatMap(\.tensors))
        if !(spec.dtype?.isFloatingPoint ?? false) { spec.dtype = nil }
        return .tensor(spec)
    }

    /// Each element of the first argument for itself, whatever the others are.
    static let activation = SpecRule { call in
        guard var spec = call.values[0].tensor else { return .unknown }
        if !(spec.dtype?.isFloatingPoint ?? false) { spec.dtype = nil }
        return .tensor(spec)
    }

    /// Each element for itself, with results of `dtype`.
    static func elementwise(dtype: DType) -> SpecRule {
        SpecRule { .tensor(.broadcast($0.values.flatMap(\.tensors), dtype: dtype)) }
    }

    /// As the first argument, row by row along the axis that the argument at `index` names.
    static func along(_ index: Int, dtype: DType? = nil) -> SpecRule {
        SpecRule { call in
            let spec = call.tensor(0)
            guard let dim = call.int(index) else {
                return .tensor(spec.with(rows: spec.rows == .none ? .none : .mixed))
            }
            guard let axis = spec.axis(dim) else { return .unknown }
            let same = spec.with(dtype: dtype ?? spec.dtype)
            return .tensor(axis == spec.batchAxis ? same.with(rows: .mixed) : same)
        }
    }

    /// Fewer axes: those that `dim` names are gone, or all.
    static func reduced(dim: Int, keepDim: Int, dtype: DType? = nil) -> SpecRule {
        SpecRule { call in
            guard call.isConstant(dim), let keeps = call.bool(keepDim) else { return .unknown }
            // No axes are all.
            let dims = call.ints(dim).flatMap { $0.isEmpty ? nil : $0 }
            return .tensor(call.tensor(0).reduced(over: dims, keepDim: keeps, dtype: dtype))
        }
    }
}

extension ValueSpec {
    /// The same without a type, unless that is one of floating point.
    var ofFloats: ValueSpec {
        guard case .tensor(let spec) = self, !(spec.dtype?.isFloatingPoint ?? false) else { return self }
        return .tensor(spec.with(dtype: nil))
    }
}

/// What is known of the arguments of a function, in the order of its parameters.
struct SpecCall {
    let values: [ValueSpec]

    func tensor(_ index: Int) -> TensorSpec { values[index].tensor ?? .unknown }

    func int(_ index: Int) -> Int? { values[index].extent?.number }

    /// Returns the whole numbers of a tuple, a list or one; `nil` for None and for what is not known.
    func ints(_ index: Int) -> [Int]? {
        if let number = int(index) { return [number] }
        let numbers = values[index].elements?.map { $0.extent?.number }
        return numbers.flatMap { $0.contains(nil) ? nil : $0.compactMap(\.self) }
    }

    /// Returns sizes, apart or in one tuple.
    func sizes(_ index: Int) -> [Extent]? {
        if let extent = values[index].extent { return [extent] }
        guard let elements = values[index].elements else { return nil }
        if elements.count == 1, let inner = elements[0].elements { return inner.map { $0.extent ?? .unknown } }
        return elements.map { $0.extent ?? .unknown }
    }

    func bool(_ index: Int) -> Bool? {
        if case .constant(.bool(let flag)) = values[index] { flag } else { nil }
    }

    func dtype(_ index: Int) -> DType? {
        if case .constant(.dtype(let dtype)) = values[index] { dtype } else { nil }
    }

    /// Whether the argument is Python's None.
    func isLeftOut(_ index: Int) -> Bool {
        if case .constant(.none) = values[index] { true } else { false }
    }

    func isConstant(_ index: Int) -> Bool {
        switch values[index] {
        case .constant: true
        case .tuple(let elements), .list(let elements): elements.allSatisfy { $0.extent?.number != nil }
        case .size(let extent): extent.number != nil
        case .tensor, .slice, .dictionary, .unknown: false
        }
    }
}
