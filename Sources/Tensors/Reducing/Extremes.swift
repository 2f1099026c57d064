/// Which end of the numbers is looked for.
public enum Extreme: String, Sendable, CaseIterable {
    case max, min

    /// Whether `first` is further out than `second`; NaN is further than all else.
    @inline(__always)
    func isBeyond<A: Arithmetic>(_ first: A, _ second: A) -> Bool {
        guard A.isEqual(second, second) else { return false }
        guard A.isEqual(first, first) else { return true }
        return self == .max ? A.isLess(second, first) : A.isLess(first, second)
    }
}

extension Tensor {
    /// Returns the largest or smallest elements along `dims`, or of all; the gradient is shared among equals.
    public func extreme(
        _ extreme: Extreme,
        dims: [Int]? = nil,
        keepDim: Bool = false
    ) throws(TensorError) -> Tensor {
        // Axes are told as they were given, before they are held against each other.
        for dim in rank == 0 ? [] : dims ?? [] {
            let size = try shape[shape.axis(dim)]
            guard size > 0 else { throw .function(.emptyDimension("a\(extreme.rawValue)", dim)) }
        }
        let plan = try ReductionPlan(shape, dims: dims, keepDim: keepDim)
        try plan.checkExtremes("a\(extreme.rawValue)", hasDims: dims.map { !$0.isEmpty } ?? false)
        let name = extreme == .max ? "AmaxBackward0" : "AminBackward0"
        return try extreme == .max
            ? sharing(extreme, plan, "amax", name) : sharing(extreme, plan, "amin", name)
    }

    /// Returns the largest or smallest element of all.
    public func extremeOfAll(_ extreme: Extreme) throws(TensorError) -> Tensor {
        let plan = try ReductionPlan(shape, dims: nil, keepDim: false)
        try plan.checkExtremes("\(extreme.rawValue)", hasDims: false)
        return try extreme == .max
            ? sharing(extreme, plan, "max", "MaxBackward1") : sharing(extreme, plan, "min", "MinBackward1")
    }

    /// Returns the largest or smallest elements along `dim`, and their places.
    public func extreme(
        _ extreme: Extreme,
        dim: Int,
        keepDim: Bool = false
    ) throws(TensorError) -> (values: Tensor, indices: Tensor) {
        let plan = try ReductionPlan(shape, dims: [dim], keepDim: keepDim)
        try plan.checkExtremes(extreme.rawValue, hasDims: true)
        let places = try places(of: extreme, plan).viewed(as: plan.kept)
        let values = try Operations.perform(extreme == .max ? "max" : "min") { () throws(TensorError) in
            try gathered(plan.axes.first ?? 0, places).viewed(as: plan.shape)
        }
        let indices = places.viewed(as: plan.shape)
        guard Autograd.records(self) else { return (values, indices) }
        let name = NodeName(extreme == .max ? "MaxBackward0" : "MinBackward0")
        let result = try values.recorded(name, [self], saving: [places]) { gradient, _ in
            let zeros = try Tensor.zeros(plan.source, dtype: gradient.dtype)
            return [
                try zeros.scattered(
                    plan.axes.first ?? 0,
                    places,
                    gradient.detached().viewed(as: plan.kept),
                    adding: true
                )
            ]
        }
        return (result, indices)
    }

    /// Returns the places of the largest or smallest elements along `dim`, or among all; of equals the first.
    public func placeOfExtreme(
        _ extreme: Extreme,
        dim: Int? = nil,
        keepDim: Bool = false
    ) throws(TensorError) -> Tensor {
        let name = "arg\(extreme.rawValue)"
        guard dtype != .bool else { throw .function(.noBools(name)) }
        guard dim != nil || elementCount > 0 else { throw .function(.emptyPlaces(name)) }
        let plan = try ReductionPlan(shape, dims: dim.map { [$0] }, keepDim: keepDim)
        try plan.checkExtremes(name, hasDims: true)
        return try Operations.perform(extreme == .max ? "argmax" : "argmin") { () throws(TensorError) in
            try places(of: extreme, plan).viewed(as: plan.shape)
        }
    }

    private func places(of extreme: Extreme, _ plan: ReductionPlan) throws(TensorError) -> Tensor {
        let visitor = PlaceVisitor(rows: try plan.rows(of: widened()), extreme: extreme)
        return try dtype.computing.acceptArithmetic(visitor, kernel: "argmax_cpu")
    }

    private func sharing(
        _ extreme: Extreme,
        _ plan: ReductionPlan,
        _ operation: StaticString,
        _ node: String
    ) throws(TensorError) -> Tensor {
        let result = try Operations.perform(operation) { () throws(TensorError) in
            let visitor = ExtremeVisitor(rows: try plan.rows(of: widened()), extreme: extreme)
            return try dtype.computing.acceptArithmetic(visitor, kernel: "\(operation)_cpu").cast(to: dtype)
                .viewed(as: plan.shape)
        }
        guard Autograd.records(self) else { return result }
        let (own, found) = (detached(), result.detached())
        return try result.recorded(NodeName(node), [self], saving: [own, found]) { gradient, _ in
            let values = try plan.spread(found)
            let isTaken = try Tensor.logical(
                .or,
                .compare(.equal, .tensor(own), .tensor(values)),
                .logical(.and, own.isNaN(), values.isNaN())
            ).cast(to: gradient.dtype)
            let shares = try isTaken / plan.spread(isTaken.rawSum(plan))
            return [try plan.spread(gradient) * shares]
        }
    }
}

extension ReductionPlan {
    /// Refuses to look for the largest of nothing.
    fileprivate func checkExtremes(_ name: String, hasDims: Bool) throws(TensorError) {
        guard hasDims || source.elementCount > 0 else { throw .function(.emptyExtreme(name)) }
        for axis in axes where source[axis] == 0 { throw .function(.emptyDimension(name, axis)) }
    }
}

private struct ExtremeVisitor: ArithmeticVisitor {
    let rows: Rows
    let extreme: Extreme

    func visit<A: Arithmetic>(_ type: A.Type) throws(TensorError) -> Tensor {
        try rows.reduced(A.self) { row in
            var found = row[0]
            for index in 1..<max(row.count, 1) where extreme.isBeyond(row[index], found) { found = row[index] }
            return found
        }
    }
}

private struct PlaceVisitor: ArithmeticVisitor {
    let rows: Rows
    let extreme: Extreme

    func visit<A: Arithmetic>(_ type: A.Type) throws(TensorError) -> Tensor {
        try rows.reduced(A.self) { row in
            var place = 0
            for index in 1..<max(row.count, 1) where extreme.isBeyond(row[index], row[place]) { place = index }
            return Int64(place)
        }
    }
}
