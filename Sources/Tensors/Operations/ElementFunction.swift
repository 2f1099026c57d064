import CKernels

/// A function of one number that has a kernel, for floats.
enum ElementFunction: Sendable {
    case exp, sigmoid, tanh, gelu, silu, relu

    /// How many multiply-adds take about as long.
    var work: Double { self == .relu ? 4 : 20 }

    /// Writes the function of `count` floats to `target`, which may be `source`.
    @inline(__always)
    func map(_ source: UnsafePointer<Float>, count: Int, to target: UnsafeMutablePointer<Float>) {
        let table = KernelSet.current.table.pointee
        switch self {
        case .exp: table.exp_f32(source, count, target)
        case .sigmoid: table.sigmoid_f32(source, count, target)
        case .tanh: table.tanh_f32(source, count, target)
        case .gelu: table.gelu_f32(source, count, target)
        case .silu: table.silu_f32(source, count, target)
        case .relu: table.relu_f32(source, count, target)
        }
    }
}

extension Real {
    /// Writes the sigmoids of `count` numbers to `target`, which may be `source`.
    @inline(__always)
    static func sigmoids(of source: UnsafePointer<Self>, count: Int, to target: UnsafeMutablePointer<Self>) {
        guard let source = source as? UnsafePointer<Float>, let target = target as? UnsafeMutablePointer<Float> else {
            for index in 0..<count { target[index] = source[index].sigmoid }
            return
        }
        ElementFunction.sigmoid.map(source, count: count, to: target)
    }

    /// Writes the hyperbolic tangents of `count` numbers to `target`, which may be `source`.
    @inline(__always)
    static func tangents(of source: UnsafePointer<Self>, count: Int, to target: UnsafeMutablePointer<Self>) {
        guard let source = source as? UnsafePointer<Float>, let target = target as? UnsafeMutablePointer<Float> else {
            for index in 0..<count { target[index] = source[index].hyperbolicTangent }
            return
        }
        ElementFunction.tanh.map(source, count: count, to: target)
    }
}

/// Rows of floats that kernels bring to a form, each by itself.
enum FloatRows {
    /// The numbers that one unit of shared work holds, about.
    private static let unitSize = 1 << 13

    /// Maps a tensor of floats, on several threads if that is worth it.
    static func mapped(_ input: Tensor, _ function: ElementFunction) throws(TensorError) -> Tensor {
        let count = input.elementCount
        return try Tensor(of: Float.self, shape: input.shape) { target in
            nonisolated(unsafe) let (source, result) = (input.address(of: Float.self), target)
            let units = (count + unitSize - 1) / unitSize
            let work = Double(min(count, unitSize)) * function.work
            ProductPlan().share(units: units, work: work) { units in
                let (first, end) = (units.lowerBound * unitSize, min(count, units.upperBound * unitSize))
                function.map(source + first, count: end - first, to: result + first)
            }
        }.laid(like: input)
    }

    /// Calls `body` for each of `count` rows of `length` numbers with its beginning in `input` and in the result.
    private static func eachRow(
        of input: Tensor,
        _ count: Int,
        _ length: Int,
        _ body: @Sendable (UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void
    ) throws(TensorError) -> Tensor {
        try Tensor(of: Float.self, shape: input.shape) { target in
            nonisolated(unsafe) let (source, result) = (input.address(of: Float.self), target)
            ProductPlan().share(units: count, work: Double(length) * 24) { rows in
                for row in rows { body(source + row * length, result + row * length) }
            }
        }
    }

    /// Returns the softmax of each of `count` rows.
    static func softmax(_ input: Tensor, _ count: Int, _ length: Int) throws(TensorError) -> Tensor {
        let kernel = KernelSet.current.table.pointee.softmax_f32
        return try eachRow(of: input, count, length) { kernel($0, length, $1) }
    }

    /// Returns each of `count` rows brought to mean 0 and variance 1, times `weight`, plus `bias`.
    static func standardized(
        _ input: Tensor,
        _ count: Int,
        _ length: Int,
        epsilon: Double,
        _ weight: Tensor?,
        _ bias: Tensor?
    ) throws(TensorError) -> Tensor {
        // They are read twice before they are written.
        try CallMeter.chargeElements(input.elementCount)
        let kernel = KernelSet.current.table.pointee.standardize_f32
        nonisolated(unsafe) let (factors, addends) = (weight?.address(of: Float.self), bias?.address(of: Float.self))
        return try eachRow(of: input, count, length) { kernel($0, length, epsilon, factors, addends, $1) }
    }
}
