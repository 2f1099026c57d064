public import Tensors

extension Module {
    /// Calls the module: pre-hooks, `forward`, hooks.
    /// - Throws: What the call throws; `ModuleError.outputIsNoTensor` when it gives something else than one tensor.
    public final func callAsFunction(_ input: Tensor) throws -> Tensor {
        try oneTensor(of: call(Arguments(input), as: nil))
    }

    /// Calls the module with any arguments.
    public final func callAsFunction(_ arguments: Arguments) throws -> Value {
        try call(arguments, as: nil)
    }

    /// Returns the tensor that a call gave.
    package final func oneTensor(of output: Value) throws(ModuleError) -> Tensor {
        guard case .tensor(let tensor) = output else {
            throw .outputIsNoTensor(type: typeName, got: output.pythonType)
        }
        return tensor
    }

    /// The one way to `forward`.
    ///
    /// `key` is the name under which the caller holds this module.
    final func call(_ arguments: Arguments, as key: String?) throws -> Value {
        do {
            guard !CallPath.needsAttention, ownHooks.isEmpty else {
                return try attendedCall(arguments, as: key)
            }
            return try forward(arguments)
        } catch {
            throw located(error, in: arguments, as: key)
        }
    }

    /// The call when somebody may be watching: finds out who, and does without them if there is nobody.
    private final func attendedCall(_ arguments: Arguments, as key: String?) throws -> Value {
        // Without attention in the process no context changes anything on the path.
        let context = CallPath.needsAttention ? CallContext.current : nil
        guard let tracer = context?.tracer else { return try callWithHooks(arguments, in: context) }
        return try tracer.inScope(of: self, as: key) { try callWithHooks(arguments, in: context) }
    }

    /// Returns `error` with this module's name in front of its path, unless the module is the root of the call.
    private final func located(_ error: any Error, in arguments: Arguments, as key: String?) -> any Error {
        guard let key, !(error is CancellationError) else { return error }
        if let error = error as? InChildError { return error.prefixed(by: key) }
        return InChildError(
            path: key,
            type: typeName,
            expected: expectedInput,
            got: arguments.first.map { "\($0.dtype.rawValue)\(Array($0.shape))" },
            underlying: error
        )
    }
}
