import Tensors

// A whole number is a tensor without axes: it widens no integers, as a Python number does not in PyTorch.
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
        case .int(let value): try tensor + Tensor(scalar: value)
        case .double(let value): try tensor + value
        }
    }

    func multiplied(with tensor: Tensor) throws -> Tensor {
        switch self {
        case .tensor(let value): try tensor * value
        case .int(let value): try tensor * Tensor(scalar: value)
        case .double(let value): try tensor * value
        }
    }

    func subtracted(from tensor: Tensor) throws -> Tensor {
        switch self {
        case .tensor(let value): try tensor - value
        case .int(let value): try tensor - Tensor(scalar: value)
        case .double(let value): try tensor - value
        }
    }

    func dividing(_ tensor: Tensor) throws -> Tensor {
        switch self {
        case .tensor(let value): try tensor / value
        case .int(let value): try tensor / Tensor(scalar: value)
        case .double(let value): try tensor / value
        }
    }
}
