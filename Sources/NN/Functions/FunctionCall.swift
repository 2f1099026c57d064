import Tensors

/// The arguments of one call of a function, in the order of its parameters.
///
/// Reading one of the wrong kind throws PyTorch's text.
struct FunctionCall: ~Copyable {
    /// The arguments.
    enum Values: Sendable {
        case all([Value])
        /// The first from another node, the others as a graph says them once.
        case leading(Value, Constants)

        subscript(index: Int) -> Value {
            switch self {
            case .all(let values): values[index]
            case .leading(let first, let rest): index == 0 ? first : rest.values[index]
            }
        }
    }

    /// Arguments of many calls.
    final class Constants: Sendable {
        /// The arguments, of which the first is None.
        let values: [Value]
        /// The whole numbers that the second is, as `ints` and as `sizes` reads them.
        let (numbers, sizes): ([Int]?, [Int]?)

        init(_ values: [Value]) {
            self.values = values
            let second = values.count > 1 ? values[1] : .none
            numbers = second.elements.flatMap(FunctionCall.wholeNumbers)
            sizes = if let inner = second.onlyTuple { FunctionCall.wholeNumbers(inner) } else { numbers }
        }
    }

    let type: FunctionType
    let values: Values

    /// What a random function draws from.
    var generator: Generator { CallContext.current?.generator ?? .default }

    /// Returns the error that the argument at `index` is not what it must be.
    func mismatch(_ index: Int, _ expected: String) -> ModuleError {
        .argumentType(
            function: type.name,
            name: type.parameters[index].name,
            position: index + 1,
            expected: expected,
            got: values[index].pythonType
        )
    }

    func tensor(_ index: Int) throws(ModuleError) -> Tensor {
        guard case .tensor(let tensor) = values[index] else { throw mismatch(index, "Tensor") }
        return tensor
    }

    func optionalTensor(_ index: Int) throws(ModuleError) -> Tensor? {
        values[index].isNone ? nil : try tensor(index)
    }

    /// Returns the tensors of a tuple or list.
    func tensors(_ index: Int) throws(ModuleError) -> [Tensor] {
        guard let elements = values[index].elements else { throw mismatch(index, "tuple of Tensors") }
        return try elements.enumerated().map { place, element throws(ModuleError) in
            guard let tensor = element.tensor else {
                throw .elementType(
                    function: type.name,
                    name: type.parameters[index].name,
                    position: index + 1,
                    element: place,
                    expected: "Tensor",
                    got: element.pythonType
                )
            }
            return tensor
        }
    }

    /// Returns a whole number; Python's True counts as 1, a tensor of one whole number as that.
    func int(_ index: Int) throws(ModuleError) -> Int {
        guard let number = values[index].wholeNumber else { throw mismatch(index, "int") }
        return number
    }

    func optionalInt(_ index: Int) throws(ModuleError) -> Int? {
        values[index].isNone ? nil : try int(index)
    }

    /// Returns whole numbers: those of a tuple or list, or one.
    func ints(_ index: Int) throws(ModuleError) -> [Int] {
        if index == 1, case .leading(_, let rest) = values, let numbers = rest.numbers { return numbers }
        if let number = values[index].wholeNumber { return [number] }
        guard let numbers = values[index].elements.flatMap(Self.wholeNumbers) else {
            throw mismatch(index, "tuple of ints")
        }
        return numbers
    }

    /// Returns sizes, apart or in one tuple.
    func sizes(_ index: Int) throws(ModuleError) -> [Int] {
        if index == 1, case .leading(_, let rest) = values, let sizes = rest.sizes { return sizes }
        guard let inner = values[index].onlyTuple else { return try ints(index) }
        guard let numbers = Self.wholeNumbers(inner) else { throw mismatch(index, "tuple of ints") }
        return numbers
    }

    /// Returns the whole numbers that `elements` are; `nil` when one is not.
    static func wholeNumbers(_ elements: [Value]) -> [Int]? {
        var numbers: [Int] = []
        numbers.reserveCapacity(elements.count)
        for element in elements {
            guard let number = element.wholeNumber else { return nil }
            numbers.append(number)
        }
        return numbers
    }

    func optionalInts(_ index: Int) throws(ModuleError) -> [Int]? {
        values[index].isNone ? nil : try ints(index)
    }

    func double(_ index: Int) throws(ModuleError) -> Double {
        guard let number = values[index].number else { throw mismatch(index, "float") }
        return number
    }

    func optionalDouble(_ index: Int) throws(ModuleError) -> Double? {
        values[index].isNone ? nil : try double(index)
    }

    func bool(_ index: Int) throws(ModuleError) -> Bool {
        switch values[index] {
        case .bool(let flag): return flag
        case .integer(let number): return number != 0
        case .tensor, .none, .float, .string, .dtype, .slice, .ellipsis, .tuple, .list, .dictionary:
            throw mismatch(index, "bool")
        }
    }

    func optionalBool(_ index: Int) throws(ModuleError) -> Bool? {
        values[index].isNone ? nil : try bool(index)
    }

    func string(_ index: Int) throws(ModuleError) -> String {
        guard case .string(let text) = values[index] else { throw mismatch(index, "str") }
        return text
    }

    func optionalDType(_ index: Int) throws(ModuleError) -> DType? {
        switch values[index] {
        case .none: return nil
        case .dtype(let dtype): return dtype
        case .tensor, .bool, .integer, .float, .string, .slice, .ellipsis, .tuple, .list, .dictionary:
            throw mismatch(index, "torch.dtype")
        }
    }
}

extension Value {
    /// The elements of the one tuple or list that a tuple holds.
    fileprivate var onlyTuple: [Value]? {
        guard case .tuple(let elements) = self, elements.count == 1 else { return nil }
        return elements[0].elements
    }

    /// The whole number; Python's True counts as 1, and a tensor of one whole number as that, as in `view(x.sum())`.
    var wholeNumber: Int? {
        switch self {
        case .integer(let number): return Int(number)
        case .bool(let flag): return flag ? 1 : 0
        case .tensor(let tensor):
            guard tensor.elementCount == 1, !tensor.dtype.isFloatingPoint else { return nil }
            return tensor.scalars(as: Int64.self).first.map { Int($0) }
        case .none, .float, .string, .dtype, .slice, .ellipsis, .tuple, .list, .dictionary: return nil
        }
    }

    /// The number, whole or not; `nil` for anything else.
    var number: Double? {
        switch self {
        case .integer(let number): Double(number)
        case .float(let number): number
        case .bool(let flag): flag ? 1 : 0
        case .tensor, .none, .string, .dtype, .slice, .ellipsis, .tuple, .list, .dictionary: nil
        }
    }
}
