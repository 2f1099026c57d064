public import Tensors

/// What is known of a tensor before a call: its shape on a batch of any size, its type, and where the rows of the batch are.
///
/// What cannot be shown is taken not to hold.
public struct TensorSpec: Sendable, Equatable {
    /// How the rows of a batch lie in a tensor.
    public enum Rows: Sendable, Equatable {
        /// It holds nothing of any row: it is the same in every call.
        case none
        /// Along this axis, as many entries for each row as its extent says, one row after the other.
        case axis(Int)
        /// Rows meet, or it cannot be told.
        case mixed
    }

    /// The size of each axis; `nil` when not even their number is known.
    public var shape: [Extent]?
    /// The type of the elements; `nil` when it is not known.
    public var dtype: DType?
    /// Where the rows of the batch are.
    public var rows: Rows

    /// Creates a specification.
    public init(shape: [Extent]?, dtype: DType? = nil, rows: Rows) {
        self.shape = shape
        self.dtype = dtype
        self.rows = rows
    }

    /// Creates what is known of a tensor that is the same in every call.
    public init(of tensor: Tensor) {
        self.init(shape: tensor.shape.map(Extent.fixed), dtype: tensor.dtype, rows: .none)
    }

    /// Creates what is known of an input whose first axis is a batch.
    public init(batchOf tensor: Tensor) {
        let rest = tensor.shape.dropFirst().map(Extent.fixed)
        self.init(shape: [.batch(1)] + rest, dtype: tensor.dtype, rows: .axis(0))
    }

    /// A tensor of which nothing is known.
    public static let unknown = TensorSpec(shape: nil, rows: .mixed)

    /// The number of axes.
    public var rank: Int? { shape?.count }

    /// The axis of the rows.
    public var batchAxis: Int? {
        if case .axis(let axis) = rows { axis } else { nil }
    }

    /// Whether the first axis is the batch, one entry for each row.
    public var isBatch: Bool { rows == .axis(0) && shape?.first == .batch(1) }

    /// The number of elements.
    var elementCount: Extent { shape.map { $0.reduce(.fixed(1), *) } ?? .unknown }

    /// Returns the size of the axis that `dim` means; `nil` when there is none, as of a scalar, or it is not known.
    public func extent(_ dim: Int) -> Extent? {
        guard let shape, let axis = axis(dim), axis < shape.count else { return nil }
        return shape[axis]
    }

    /// Returns the axis that `dim` means, negative from the end; `nil` when there is none.
    public func axis(_ dim: Int) -> Int? {
        guard let rank, (-max(rank, 1)..<max(rank, 1)).contains(dim) else { return nil }
        return dim < 0 ? dim + max(rank, 1) : dim
    }
}

/// What is known of a value before a call.
public indirect enum ValueSpec: Sendable {
    case tensor(TensorSpec)
    /// A whole number, such as a size.
    case size(Extent)
    /// A value that is the same in every call.
    case constant(Value)
    /// Python's slice; `nil` for a bound that is left out.
    case slice(start: Extent?, stop: Extent?, step: Extent?)
    case tuple([ValueSpec])
    case list([ValueSpec])
    case dictionary([(key: String, value: ValueSpec)])
    case unknown

    /// The tensor; `nil` for anything else.
    public var tensor: TensorSpec? {
        switch self {
        case .tensor(let spec): spec
        case .constant(.tensor(let tensor)): TensorSpec(of: tensor)
        case .size, .constant, .slice, .tuple, .list, .dictionary, .unknown: nil
        }
    }

    /// The whole number; `nil` for anything else.
    public var extent: Extent? {
        switch self {
        case .size(let extent): extent
        case .constant(.integer(let number)): .fixed(Int(number))
        case .constant(.bool(let flag)): .fixed(flag ? 1 : 0)
        case .tensor, .constant, .slice, .tuple, .list, .dictionary, .unknown: nil
        }
    }

    /// The values of a tuple or list.
    public var elements: [ValueSpec]? {
        switch self {
        case .tuple(let elements), .list(let elements): elements
        case .constant(let value): value.elements.map { $0.map(ValueSpec.constant) }
        case .tensor, .size, .slice, .dictionary, .unknown: nil
        }
    }

    /// The tensors inside, depth first; one that is unknown for what is not known.
    public var tensors: [TensorSpec] {
        switch self {
        case .tensor(let spec): [spec]
        case .size, .slice: []
        case .constant(let value): value.tensors.map { TensorSpec(of: $0) }
        case .tuple(let elements), .list(let elements): elements.flatMap(\.tensors)
        case .dictionary(let elements): elements.flatMap(\.value.tensors)
        case .unknown: [.unknown]
        }
    }

    /// Returns the multiply-adds that all elements take together, beside being read or written; `nil` when their number is not
    /// known.
    func work(rows: Int, perElement: Int = 0) -> Int? {
        let (cost, isEndless) = perElement.addingReportingOverflow(CallMeter.elementCost)
        var sum = 0
        for spec in tensors {
            guard let shape = spec.shape else { return nil }
            var count = isEndless ? .max : cost
            for extent in shape {
                guard let size = extent.size(rows: rows) else { return nil }
                let (product, overflow) = count.multipliedReportingOverflow(by: size)
                count = overflow ? .max : product
            }
            let (total, overflow) = sum.addingReportingOverflow(count)
            sum = overflow ? .max : total
        }
        return sum
    }
}
