extension Tensor {
    /// Returns the numbers from `start` to below `end`, `step` apart: integers if all three are and `dtype` says nothing.
    public static func arange(
        _ start: Number = 0,
        to end: Number,
        step: Number = 1,
        dtype: DType? = nil
    ) throws(TensorError) -> Tensor {
        let areFloats = [start, end, step].contains { $0.dtype.isFloatingPoint }
        let dtype = dtype ?? (areFloats ? .float32 : .int64)
        guard dtype != .bool, !dtype.isBarebones else { throw .notImplemented(kernel: "arange_cpu", dtype) }
        guard step.double != 0 else { throw .function(.rangeStep) }
        guard start.double.isFinite, end.double.isFinite else {
            throw .function(.rangeBounds(start.double, end.double))
        }
        if dtype == .int64, areFloats {
            let (start, end, step) = (start.truncated, end.truncated, step.truncated)
            guard step != 0 else { throw .function(.truncatedRangeStep) }
            return try arange(start, to: end, step: step, dtype: dtype)
        }
        let isAscending = step.double > 0
        guard start.double == end.double || (start.double < end.double) == isAscending else {
            throw .function(.rangeDirection)
        }
        let count = ((end.double - start.double) / step.double).rounded(.up)
        guard count >= 0, count < 0x1p62 else { throw .function(.rangeSize) }
        let shape = try Shape(checking: [Int(count)])
        return try Operations.perform("arange") { () throws(TensorError) in
            try dtype.accept(Progression(start: start, step: step, shape: shape))
        }
    }

    /// Returns `steps` numbers from `start` through `end`, equally far apart.
    public static func linspace(
        _ start: Number,
        _ end: Number,
        steps: Int,
        dtype: DType = .float32
    ) throws(TensorError) -> Tensor {
        guard steps >= 0 else { throw .function(.negativeSteps) }
        guard dtype != .bool, !dtype.isBarebones else { throw .notImplemented(kernel: "linspace_cpu", dtype) }
        func bound(_ number: Number) -> Double {
            dtype.isFloatingPoint ? number.double : number.double.rounded(.towardZero)
        }
        let line = Line(start: bound(start), end: bound(end), shape: try Shape(checking: [steps]))
        return try Operations.perform("linspace") { () throws(TensorError) in try dtype.accept(line) }
    }

    /// Returns a matrix with ones on the diagonal and zeros elsewhere.
    public static func eye(_ rows: Int, _ columns: Int? = nil, dtype: DType = .float32) throws(TensorError) -> Tensor {
        guard rows >= 0 else { throw .function(.eyeSize("n", rows)) }
        let columns = columns ?? rows
        guard columns >= 0 else { throw .function(.eyeSize("m", columns)) }
        let shape = try Shape(checking: [rows, columns])
        return try Operations.perform("eye") { () throws(TensorError) in
            var view = StridedView(shape)
            view.axes = [.init(size: min(rows, columns), stride: columns + 1)]
            let ones = try Tensor.ones(Shape([min(rows, columns)], elementCount: min(rows, columns)), dtype: dtype)
            return try ones.placed(through: view, in: shape)
        }
    }

    /// Returns, for each class, a row of zeros with a one at its place; the largest class tells how many there are if nothing does.
    public func oneHot(classes: Int = -1) throws(TensorError) -> Tensor {
        guard dtype == .int64 else { throw .function(.oneHotType) }
        let places = scalars(as: Int64.self)
        guard !places.isEmpty || classes > 0 else { throw .function(.oneHotEmpty) }
        guard places.allSatisfy({ $0 >= 0 }) else { throw .function(.oneHotNegative) }
        let largest = Int(places.max() ?? -1)
        guard classes < 0 || largest < classes else { throw .function(.oneHotClass) }
        let (count, overflow) = largest.addingReportingOverflow(1)
        guard !overflow else { throw .storageOverflow(shape: [largest]) }
        let width = classes < 0 ? count : classes
        let shape = try Shape(checking: shape.dimensions + [width])
        return try Operations.perform("one_hot") { () throws(TensorError) in
            try Tensor(of: Int64.self, shape: shape) { target in
                target.initialize(repeating: 0, count: shape.elementCount)
                for (row, place) in places.enumerated() { target[row * width + Int(place)] = 1 }
            }
        }
    }
}

extension Number {
    /// The number without its fraction.
    fileprivate var truncated: Number { .int(Int64(converting: double)) }
}

private struct Progression: ScalarVisitor {
    let start: Number
    let step: Number
    let shape: Shape

    func visit<S: Scalar>(_ type: S.Type) throws(TensorError) -> Tensor {
        try Tensor(of: S.self, shape: shape) { target in
            for index in 0..<shape.elementCount {
                if case (.int(let first), .int(let distance)) = (start, step) {
                    let number = first &+ Int64(index) &* distance
                    (target + index).initialize(to: S(converting: number))
                } else if S.dtype.isFloatingPoint {
                    (target + index).initialize(to: S(converting: start.double + Double(index) * step.double))
                } else {
                    // Into integers PyTorch rounds the bounds first.
                    let (first, distance) = (start.double.rounded(.towardZero), step.double.rounded(.towardZero))
                    (target + index).initialize(to: S(converting: first + Double(index) * distance))
                }
            }
        }
    }
}

/// Numbers that are counted from the nearer end.
private struct Line: ScalarVisitor {
    let start: Double
    let end: Double
    let shape: Shape

    func visit<S: Scalar>(_ type: S.Type) throws(TensorError) -> Tensor {
        let count = shape.elementCount
        let step = count > 1 ? (end - start) / Double(count - 1) : 0
        return try Tensor(of: S.self, shape: shape) { target in
            for index in 0..<count {
                let number =
                    index < count / 2 || count == 1
                    ? start + step * Double(index) : end - step * Double(count - index - 1)
                (target + index).initialize(to: S(converting: number))
            }
        }
    }
}
