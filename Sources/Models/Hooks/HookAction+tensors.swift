package import Tensors

extension HookAction {
    /// The action with what `body` makes of each of its tensors, which it gets with the name of its field.
    package func mapTensors<Failure: Error>(
        _ body: (String, Tensor) throws(Failure) -> Tensor
    ) throws(Failure) -> HookAction {
        switch self {
        case .replace(let value): .replace(try value.mapTensor("value", body))
        case .add(let value): .add(try value.mapTensor("value", body))
        case .scale(let value): .scale(try value.mapTensor("value", body))
        case .normalize(let mean, let std):
            .normalize(mean: try mean.mapTensor("mean", body), std: try std.mapTensor("std", body))
        case .projectOut(let direction): .projectOut(direction: try body("direction", direction))
        case .capture, .clamp, .mask, .activation, .topk, .assertFinite, .assertRange, .assertShape, .statistics, .log:
            self
        }
    }

    /// The tensors that the action brings along, by the names of their fields.
    package var tensors: [String: Tensor] {
        var found: [String: Tensor] = [:]
        _ = mapTensors { name, tensor in
            found[name] = tensor
            return tensor
        }
        return found
    }

    /// The action with small tensors in place of its own.
    var withoutElements: HookAction {
        guard let small = try? Tensor.zeros([1]) else { return self }
        return mapTensors { _, _ in small }
    }
}

extension HookValue {
    fileprivate func mapTensor<Failure: Error>(
        _ name: String,
        _ body: (String, Tensor) throws(Failure) -> Tensor
    ) throws(Failure) -> HookValue {
        guard case .tensor(let tensor) = self else { return self }
        return .tensor(try body(name, tensor))
    }
}
