/// Data as a client nests it, before it has a shape and a dtype.
public enum NestedValue: Sendable, Equatable {
    case list([NestedValue])
    case int(Int64)
    /// An integer beyond `Int64`, as the nearest `Double`.
    case bigInteger(Double)
    case double(Double)
    case bool(Bool)
    case string(String)
    case null
    case dict

    /// Python's name of the type.
    var pythonType: String {
        switch self {
        case .list: "list"
        case .int, .bigInteger: "int"
        case .double: "float"
        case .bool: "bool"
        case .string: "str"
        case .null: "NoneType"
        case .dict: "dict"
        }
    }
}

extension Tensor {
    /// Creates a tensor as `torch.tensor` does: the shape is that of the first elements, the dtype the highest kind found.
    /// - Throws: `TensorError` with `torch.tensor`'s texts, found in its order.
    public init(nested: NestedValue, dtype: DType? = nil) throws(TensorError) {
        let shape = try Shape(ofFirstElementsIn: nested)
        let inferred: DType
        if let dtype { inferred = dtype } else { inferred = try nested.inferredType }
        self = try inferred.accept(NestedFill(nested: nested, shape: shape))
    }
}

extension Shape {
    fileprivate init(ofFirstElementsIn nested: NestedValue) throws(TensorError) {
        var (sizes, current) = ([Int](), nested)
        while case .list(let elements) = current {
            sizes.append(elements.count)
            guard sizes.count <= Shape.maximumRank else { throw .tooManyDimensions("list") }
            guard let first = elements.first else { break }
            if case .string = first { throw .tooManyDimensions("str") }
            current = first
        }
        try self.init(checking: sizes)
    }
}

extension NestedValue {
    fileprivate var inferredType: DType {
        get throws(TensorError) {
            switch self {
            case .list(let elements): try Self.inferredType(of: elements)
            case .int, .bigInteger: .int64
            case .double: .float32
            // PyTorch 1.0.1 has no type for truth values.
            case .bool: Compatibility.ambient == .torch1_0_1 ? .uint8 : .bool
            case .string: throw .invalidData("str")
            case .null, .dict: throw .cannotInferType(pythonType)
            }
        }
    }

    /// The highest kind among `elements`; float32 when there are none.
    private static func inferredType(of elements: [NestedValue]) throws(TensorError) -> DType {
        guard let first = elements.first else { return .float32 }
        var dtype = try first.inferredType
        for element in elements.dropFirst() { dtype = try dtype.promoted(with: try element.inferredType) }
        return dtype
    }

    /// Returns the number as `S`, refusing what does not fit.
    fileprivate func scalar<S: Scalar>(as type: S.Type) throws(TensorError) -> S {
        switch self {
        case .int(let value):
            guard Self.fits(value, S.dtype) else { throw .notRepresentable(S.dtype) }
            return S.dtype.isFloatingPoint ? S(converting: Double(value)) : S(converting: value)
        case .bigInteger(let value):
            guard S.dtype.isFloatingPoint || S.dtype == .bool else { throw .integerOverflow }
            return S(converting: value)
        case .double(let value):
            guard Self.fits(value, S.dtype) else { throw .notRepresentable(S.dtype) }
            return S(converting: value)
        case .bool(let value): return S(converting: value ? 1 : 0 as Int64)
        default:
            let type = pythonType
            throw S.dtype.isFloatingPoint || self != .null && !isList
                ? .realNumberExpected(type) : .nestedWhereNumberExpected(type)
        }
    }

    private var isList: Bool {
        if case .list = self { true } else { false }
    }

    /// Whether an integer fits; PyTorch lets small negative ones wrap around in unsigned types.
    static func fits(_ value: Int64, _ dtype: DType) -> Bool {
        guard !dtype.isFloatingPoint, dtype != .bool, dtype.itemSize < 8 else { return true }
        let bits = Int64(dtype.itemSize) * 8
        guard dtype.isUnsigned else { return value >= -(1 << (bits - 1)) && value < 1 << (bits - 1) }
        return value > -(1 << bits) && value < 1 << bits
    }

    /// Whether a number fits once its fraction is cut off.
    static func fits(_ value: Double, _ dtype: DType) -> Bool {
        guard !dtype.isFloatingPoint, dtype != .bool else { return true }
        guard !value.isNaN else { return false }
        guard !dtype.isUnsigned else { return value >= 0 && value <= dtype.largest }
        return value >= -dtype.largest - 1 && value <= dtype.largest
    }
}

extension DType {
    fileprivate var isUnsigned: Bool { self == .uint8 || isBarebones }

    /// The largest value of an integer type, as the nearest `Double`.
    fileprivate var largest: Double {
        switch self {
        case .int64: Double(Int64.max)
        case .int32: Double(Int32.max)
        case .int16: Double(Int16.max)
        case .int8: Double(Int8.max)
        case .uint8: Double(UInt8.max)
        case .uint16: Double(UInt16.max)
        case .uint32: Double(UInt32.max)
        case .uint64: Double(UInt64.max)
        default: .infinity
        }
    }
}

/// Lays nested data out under the shape of its first elements, to which every list must agree.
private struct NestedFill: ScalarVisitor {
    let nested: NestedValue
    let shape: Shape

    func visit<S: Scalar>(_ type: S.Type) throws(TensorError) -> Tensor {
        try Tensor(of: S.self, shape: shape) { target throws(TensorError) in
            var next = target
            try store(nested, axis: 0, at: &next)
        }
    }

    private func store<S: Scalar>(
        _ value: NestedValue,
        axis: Int,
        at next: inout UnsafeMutablePointer<S>
    ) throws(TensorError) {
        guard axis < shape.rank else {
            next.initialize(to: try value.scalar(as: S.self))
            next += 1
            return
        }
        guard case .list(let elements) = value else { throw .notASequence }
        guard elements.count == shape[axis] else {
            throw .raggedSequence(expected: shape[axis], dimension: axis, got: elements.count)
        }
        // Behind an empty axis nothing is stored, and PyTorch does not look.
        guard shape.elementCount > 0 else { return }
        for element in elements { try store(element, axis: axis + 1, at: &next) }
    }
}
