import Models
import Tensors

extension HookValue {
    func asReplacement(of tensor: Tensor) throws -> Tensor {
        switch self {
        case .tensor(let value): value
        case .int(let value): try Tensor.full(value, shape: tensor.shape, dtype: tensor.dtype)
        case .double(let value): try Tensor.full(value, shape: tensor.shape, dtype: tensor.dtype)
        }
    }

    func added(to tensor: Tensor) throws -> Tensor {
        switch self {
        case .tensor(let value): try tensor + value
        case .int(let value): try tensor + Self.operand(value, beside: tensor)
        case .double(let value): try tensor + value
        }
    }

    func multiplied(with tensor: Tensor) throws -> Tensor {
        switch self {
        case .tensor(let value): try tensor * value
        case .int(let value): try tensor * Self.operand(value, beside: tensor)
        case .double(let value): try tensor * value
        }
    }

    func subtracted(from tensor: Tensor) throws -> Tensor {
        switch self {
        case .tensor(let value): try tensor - value
        case .int(let value): try tensor - Self.operand(value, beside: tensor)
        case .double(let value): try tensor - value
        }
    }

    func dividing(_ tensor: Tensor) throws -> Tensor {
        switch self {
        case .tensor(let value): try tensor / value
        case .int(let value): try tensor / Self.operand(value, beside: tensor)
        case .double(let value): try tensor / value
        }
    }

    /// Returns a whole number as a tensor that widens no integers, as a Python number does not in PyTorch.
    private static func operand(_ value: Int64, beside tensor: Tensor) throws -> Tensor {
        let number = try Tensor(scalar: value)
        // Tensors without axes widen one another; with axes, `tensor` decides.
        return tensor.rank > 0 || tensor.dtype == .bool ? number : try number.converted(to: tensor.dtype)
    }
}

extension Tensor {
    /// Returns the elements limited to bounds: integers stay integers unless a bound is none.
    func clamped(_ min: HookScalar?, _ max: HookScalar?) throws -> Tensor {
        guard !dtype.isFloatingPoint, let (low, high) = HookScalar.integers(min, max) else {
            return try clamped(min: min?.double, max: max?.double)
        }
        return try clampedIntegers(min: low, max: high)
    }
}

extension Tensor {
    /// Returns each row of the last axis without its part along `direction`: x - (x·d) d / (d·d).
    func takingOut(_ direction: Tensor) throws -> Tensor {
        // In Double, so that the square of a large direction fits, and that of a small one does not vanish.
        let numbers = direction.scalars(as: Double.self)
        let scale = numbers.reduce(0) { max($0, $1.magnitude) }
        let square = numbers.reduce(0) { $0 + ($1 / scale) * ($1 / scale) }
        let type = dtype.isFloatingPoint ? dtype : .float32
        let unit = try Tensor(numbers.map { $0 / scale }).converted(to: type)
        let dual = try Tensor(numbers.map { $0 / scale / square }).converted(to: type)
        return try self - (self * unit).sum(dim: -1, keepDim: true) * dual
    }
}

extension HookScalar {
    /// Returns two bounds as integers; `nil` unless both are, where there are any.
    fileprivate static func integers(_ first: HookScalar?, _ second: HookScalar?) -> (Int64?, Int64?)? {
        switch (first, second) {
        case (nil, nil): (nil, nil)
        case (.int(let low)?, nil): (low, nil)
        case (nil, .int(let high)?): (nil, high)
        case (.int(let low)?, .int(let high)?): (low, high)
        default: nil
        }
    }
}
