public import Tensors

/// Runs before `forward`; returns the positional inputs to use instead, or `nil` to keep them.
///
/// A hook of tensors fails on a call whose positional inputs are more than tensors; one with keywords sees any.
public typealias ForwardPreHook = @Sendable (_ module: Module, _ inputs: [Tensor]) throws -> [Tensor]?

/// A pre-hook that sees and replaces all arguments, those given by name too.
public typealias ForwardPreHookWithKeywords = @Sendable (_ module: Module, _ arguments: Arguments) throws -> Arguments?

/// Runs after `forward`, with the inputs as the pre-hooks left them; returns the output to use instead, or `nil`.
///
/// It sees the tensors among the positional inputs, and fails where the output is more than a tensor; a hook with keywords
/// sees any.
public typealias ForwardHook = @Sendable (_ module: Module, _ inputs: [Tensor], _ output: Tensor) throws -> Tensor?

/// A forward hook that sees all arguments, those given by name too, and sees and replaces the whole output.
public typealias ForwardHookWithKeywords =
    @Sendable (_ module: Module, _ arguments: Arguments, _ output: Value) throws -> Value?

/// A forward hook that also runs when the call fails; then `output` is what there is so far, and nothing is replaced.
public typealias AlwaysCalledForwardHook =
    @Sendable (_ module: Module, _ inputs: [Tensor], _ output: Tensor?) throws -> Tensor?

/// An always called hook that sees all arguments and the whole output.
public typealias AlwaysCalledForwardHookWithKeywords =
    @Sendable (_ module: Module, _ arguments: Arguments, _ output: Value?) throws -> Value?

/// Runs on the way back before the gradients of the inputs are computed; returns the gradients of the outputs to use
/// instead, or `nil`.
///
/// There is one gradient for each value of a tuple that the module gave, `nil` for what is no tensor.
public typealias FullBackwardPreHook = @Sendable (_ module: Module, _ gradOutputs: [Tensor?]) throws -> [Tensor?]?

/// Runs on the way back when the gradients of the inputs are there, one for each positional input; returns those to
/// use instead, or `nil`.
public typealias BackwardHook =
    @Sendable (_ module: Module, _ gradInputs: [Tensor?], _ gradOutputs: [Tensor?]) throws -> [Tensor?]?

/// A hook of any kind that may be put on any module, as one call, a snapshot and a graph's node take it.
///
/// Old backward hooks, which do not mix with full ones, are not among them.
public enum ModuleHook: Sendable {
    /// Runs before `forward`.
    case forwardPre(ForwardPreHook)
    /// Runs before `forward`, and sees and replaces all arguments.
    case forwardPreWithKeywords(ForwardPreHookWithKeywords)
    /// Runs after `forward`.
    case forward(ForwardHook)
    /// Runs after `forward`, and sees all arguments and the whole output.
    case forwardWithKeywords(ForwardHookWithKeywords)
    /// Runs after `forward`, and also when the call fails before the hook had its turn.
    case alwaysCalledForward(AlwaysCalledForwardHook)
    /// The same, with all arguments and the whole output.
    case alwaysCalledForwardWithKeywords(AlwaysCalledForwardHookWithKeywords)
    /// Runs on the way back, before the gradients of the inputs are computed.
    case fullBackwardPre(FullBackwardPreHook)
    /// Runs on the way back, when the gradients of the inputs are there.
    case fullBackward(BackwardHook)
}
