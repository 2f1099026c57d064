import OrderedCollections
import Tensors

/// What Python's `value[index]` is of a tuple, a dictionary and a tensor.
extension FunctionCall {
    func element(of elements: [Value]) throws(ModuleError) -> Value {
        if case .slice(let start, let stop, let step) = values[1] {
            return .tuple(try Self.positions(start, stop, step, count: elements.count).map { elements[$0] })
        }
        let place = try int(1)
        guard (-elements.count..<elements.count).contains(place) else {
            throw .sequenceIndex(values[0].pythonType)
        }
        return elements[place < 0 ? place + elements.count : place]
    }

    func member(of elements: OrderedDictionary<String, Value>) throws(ModuleError) -> Value {
        let key = try string(1)
        guard let value = elements[key] else { throw .noChild(name: "'\(key)'") }
        return value
    }

    /// Returns the part of a tensor that the index names, as PyTorch reads it: a list of lists stands for a tuple.
    func part(of tensor: Tensor) throws -> Value {
        switch values[1] {
        case .tuple(let parts): return .tensor(try tensor.item(at: parts.map { try $0.asIndex }))
        case .list(let parts) where parts.contains(where: \.isIndexPart):
            return .tensor(try tensor.item(at: parts.map { try $0.asIndex }))
        case .tensor, .none, .bool, .integer, .float, .string, .dtype, .slice, .ellipsis, .list, .dictionary:
            return .tensor(try tensor.item(at: [values[1].asIndex]))
        }
    }

    /// Returns the positions that Python's slice takes of `count` elements.
    static func positions(_ start: Int64?, _ stop: Int64?, _ step: Int64?, count: Int) throws(ModuleError) -> [Int] {
        let step = Int(step ?? 1)
        guard step != 0 else { throw .zeroSliceStep }
        func clamped(_ bound: Int64?, _ missing: Int, _ low: Int, _ high: Int) -> Int {
            guard let bound else { return missing }
            let place = bound < 0 ? Int(bound) + count : Int(bound)
            return min(max(place, low), high)
        }
        if step > 0 {
            let (first, end) = (clamped(start, 0, 0, count), clamped(stop, count, 0, count))
            return Array(stride(from: first, to: end, by: step))
        }
        let (first, end) = (clamped(start, count - 1, -1, count - 1), clamped(stop, -1, -1, count - 1))
        return Array(stride(from: first, to: end, by: step))
    }
}

extension Value {
    /// Whether a list with this in it stands for a tuple.
    fileprivate var isIndexPart: Bool {
        switch self {
        case .list, .tuple, .tensor, .slice, .ellipsis, .none: true
        case .bool, .integer, .float, .string, .dtype, .dictionary: false
        }
    }

    /// One part of an index.
    fileprivate var asIndex: Index {
        get throws {
            switch self {
            case .none: return .newAxis
            case .ellipsis: return .ellipsis
            case .bool(let flag): return .bool(flag)
            case .integer(let number): return .at(Int(number))
            case .slice(let start, let stop, let step):
                return .slice(start: start.map { Int($0) }, stop: stop.map { Int($0) }, step: step.map { Int($0) })
            case .tensor(let tensor): return .tensor(tensor)
            case .list, .tuple:
                let places = try Tensor(nested: nested)
                // Without elements a list has no type of its own, and names no places.
                return .tensor(places.elementCount == 0 ? try places.converted(to: .int64) : places)
            case .float, .string, .dtype, .dictionary: throw TensorError.function(.wrongIndex(pythonType))
            }
        }
    }

    /// The same as data for a tensor.
    private var nested: NestedValue {
        switch self {
        case .list(let elements), .tuple(let elements): .list(elements.map(\.nested))
        case .integer(let number): .int(number)
        case .bool(let flag): .bool(flag)
        case .float(let number): .double(number)
        case .string(let text): .string(text)
        case .tensor, .none, .dtype, .slice, .ellipsis, .dictionary: .null
        }
    }
}
