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

    /// Returns the row at a whole number, counted from the end if it is negative.
    func part(of tensor: Tensor) throws -> Value {
        let place = try int(1)
        let count = tensor.shape.first ?? 0
        guard (-count..<count).contains(place) else {
            throw TensorError.indexOutOfBounds(place, dimension: 0, size: count)
        }
        let row = place < 0 ? place + count : place
        return .tensor(try tensor.rows(row..<row + 1).reshaped(to: Array(tensor.shape.dropFirst())))
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
