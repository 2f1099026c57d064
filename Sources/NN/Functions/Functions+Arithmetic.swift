import Tensors

extension SpecRule {
    /// Two operands, element by element; with `dtype`, or that of both if they share a floating-point one.
    static func pair(_ first: Int = 0, _ second: Int = 1, dtype: DType? = nil) -> SpecRule {
        SpecRule { call in
            let operands = [call.values[first], call.values[second]]
            guard !operands.flatMap(\.tensors).isEmpty else { return .unknown }
            var spec = TensorSpec.broadcast(operands.flatMap(\.tensors), dtype: dtype)
            if dtype == nil, !(spec.dtype?.isFloatingPoint ?? false) { spec.dtype = nil }
            return .tensor(spec)
        }
    }
}

extension SpecRule {
    /// Two operands, element by element; of sizes as Python does it, and of tuples one behind the other.
    fileprivate static func arithmetic(_ operation: NumberArithmetic) -> SpecRule {
        SpecRule { call in
            if let first = call.values[0].extent, let second = call.values[1].extent {
                return .size(first.combined(with: second, operation))
            }
            if operation == .add, let first = call.values[0].elements, let second = call.values[1].elements {
                return call.values[0].isTuple ? .tuple(first + second) : .list(first + second)
            }
            return pair().rule(call)
        }
    }
}

extension SpecRule {
    /// Each number with its other sign; a size as Python does it.
    fileprivate static let negated = SpecRule { call in
        guard let extent = call.values[0].extent else { return activation.rule(call) }
        return .size(extent.number.map { $0 == .min ? .unknown : .fixed(-$0) } ?? .unknown)
    }
}

extension Extent {
    fileprivate func combined(with other: Extent, _ operation: NumberArithmetic) -> Extent {
        if let first = number, let second = other.number {
            guard case .integer(let result)? = operation(.int(Int64(first)), .int(Int64(second))) else {
                return .unknown
            }
            return .fixed(Int(result))
        }
        switch operation {
        case .mul: return self * other
        case .floorDivide: return self / other
        case .add, .sub, .div, .pow, .remainder: return .unknown
        }
    }
}

extension ValueSpec {
    fileprivate var isTuple: Bool {
        switch self {
        case .tuple, .constant(.tuple): true
        case .tensor, .size, .constant, .slice, .list, .dictionary, .unknown: false
        }
    }
}

extension Value {
    /// Returns two tuples or two lists as one, as Python's `+` does; `nil` for anything else.
    fileprivate func joined(with other: Value) -> Value? {
        switch (self, other) {
        case (.tuple(let first), .tuple(let second)): .tuple(first + second)
        case (.list(let first), .list(let second)): .list(first + second)
        default: nil
        }
    }
}

extension FunctionType {
    /// Arithmetic, element by element; of numbers as Python does it.
    static let arithmetic: [FunctionType] = [
        FunctionType(elementwise: "neg", spec: .negated) { try $0.negated() },
        operation(.mul, pair: { try $0 * $1 }) { try .mul($0, $1) },
        operation(.pow) { try .pow($0, $1) },
        operation(.remainder) { try .remainder($0, $1) },
        operation(.floorDivide) { try .floorDivide($0, $1) },
        sum(.add, pair: { try $0 + $1 }) { try .add($0, $1, alpha: $2) },
        sum(.sub, pair: { try $0 - $1 }) { try .sub($0, $1, alpha: $2) },
        quotient,
        FunctionType("fmod", "input, other", spec: .pair()) { call in
            .tensor(try .fmod(call.operand(0), call.operand(1)))
        },
        FunctionType("atan2", "input, other", spec: .pair()) { call in
            .tensor(try .atan2(call.tensor(0), call.tensor(1)))
        },
    ]

    private static func operation(
        _ operation: NumberArithmetic,
        pair: (@Sendable (Tensor, Tensor) throws -> Tensor)? = nil,
        _ body: @escaping @Sendable (Operand, Operand) throws -> Tensor
    ) -> FunctionType {
        FunctionType(operation.rawValue, "input, other", spec: .arithmetic(operation), pair: pair) { call in
            if let value = try call.number(of: operation) { return value }
            return .tensor(try body(call.operand(0), call.operand(1)))
        }
    }

    private static func sum(
        _ operation: NumberArithmetic,
        pair: @escaping @Sendable (Tensor, Tensor) throws -> Tensor,
        _ body: @escaping @Sendable (Operand, Operand, Number) throws -> Tensor
    ) -> FunctionType {
        FunctionType(operation.rawValue, "input, other, *, alpha=1", spec: .arithmetic(operation), pair: pair) { call in
            if let value = try call.number(of: operation) { return value }
            if operation == .add, let joined = call.values[0].joined(with: call.values[1]) { return joined }
            return .tensor(try body(call.operand(0), call.operand(1), call.number(2)))
        }
    }

    private static let quotient = FunctionType(
        "div",
        "input, other, *, rounding_mode=None",
        spec: .pair(),
        pair: { try $0 / $1 }
    ) { call in
        if call.values[2].isNone, let value = try call.number(of: .div) { return value }
        let mode: Tensor.RoundingMode? = call.values[2].isNone ? nil : try .init(named: call.string(2))
        return .tensor(try .div(call.operand(0), call.operand(1), roundingMode: mode))
    }
}

extension FunctionCall {
    /// Returns what Python gives for two numbers; `nil` if one of them is a tensor.
    fileprivate func number(of operation: NumberArithmetic) throws(TensorError) -> Value? {
        guard let first = values[0].asNumber, let second = values[1].asNumber else { return nil }
        guard let result = operation(first, second) else {
            throw .function(second.double == 0 && operation != .mul ? .numberDivisionByZero : .numberOverflow)
        }
        return result
    }
}
