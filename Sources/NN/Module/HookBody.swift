import Tensors

/// A forward-pre hook of either signature.
enum ForwardPreBody: Sendable {
    case plain(ForwardPreHook)
    case withKeywords(ForwardPreHookWithKeywords)

    var takesKeywords: Bool {
        if case .withKeywords = self { true } else { false }
    }

    /// Replaces `arguments` by what the hook returns, unless `isOld`; those by name only if the hook sees them.
    func callAsFunction(_ module: Module, _ arguments: inout Arguments, isOld: Bool) throws {
        switch self {
        case .plain(let hook):
            let inputs = try arguments.onlyTensors(for: module)
            guard let replacement = try hook(module, inputs), !isOld else { return }
            arguments = Arguments(replacement.map(Value.tensor), arguments.named)
        case .withKeywords(let hook):
            guard let replacement = try hook(module, arguments), !isOld else { return }
            arguments = replacement
        }
    }
}

/// A forward hook of any signature.
enum ForwardBody: Sendable {
    case plain(ForwardHook)
    case withKeywords(ForwardHookWithKeywords)
    case alwaysCalled(AlwaysCalledForwardHook)
    case alwaysCalledWithKeywords(AlwaysCalledForwardHookWithKeywords)

    var takesKeywords: Bool {
        switch self {
        case .withKeywords, .alwaysCalledWithKeywords: true
        case .plain, .alwaysCalled: false
        }
    }

    var isAlwaysCalled: Bool {
        switch self {
        case .alwaysCalled, .alwaysCalledWithKeywords: true
        case .plain, .withKeywords: false
        }
    }

    /// Returns the output to use instead, or `nil`.
    func callAsFunction(_ module: Module, _ inputs: inout HookInputs, _ output: Value) throws -> Value? {
        switch self {
        case .plain(let hook):
            try hook(module, inputs.tensors, output.onlyTensor(for: module)).map(Value.tensor)
        case .withKeywords(let hook): try hook(module, inputs.arguments, output)
        case .alwaysCalled(let hook):
            try hook(module, inputs.tensors, output.onlyTensor(for: module)).map(Value.tensor)
        case .alwaysCalledWithKeywords(let hook): try hook(module, inputs.arguments, output)
        }
    }

    /// Calls a hook that is always called on the way of an error, with the output that there is so far.
    func callAfterError(_ module: Module, _ arguments: Arguments, _ output: Value?) throws -> Value? {
        switch self {
        case .plain, .withKeywords: nil
        case .alwaysCalled(let hook):
            try hook(module, arguments.tensors, output?.onlyTensor(for: module)).map(Value.tensor)
        case .alwaysCalledWithKeywords(let hook): try hook(module, arguments, output)
        }
    }
}

/// What the forward hooks of one call see of its inputs; hooks of tensors share one list of them.
struct HookInputs {
    let arguments: Arguments
    private(set) lazy var tensors = arguments.tensors

    init(_ arguments: Arguments) {
        self.arguments = arguments
    }
}

extension Arguments {
    /// Returns the positional inputs for a hook of tensors.
    fileprivate func onlyTensors(for module: Module) throws(ModuleError) -> [Tensor] {
        switch storage {
        case .one(let tensor): return [tensor]
        case .any(let values, _):
            return try values.map { value throws(ModuleError) in try value.onlyTensor(for: module) }
        }
    }
}

extension Value {
    /// Returns the tensor for a hook of tensors.
    fileprivate func onlyTensor(for module: Module) throws(ModuleError) -> Tensor {
        guard case .tensor(let tensor) = self else {
            throw .hookTakesTensors(type: module.typeName, got: pythonType)
        }
        return tensor
    }
}
