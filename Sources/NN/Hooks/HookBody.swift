import Tensors

/// A forward-pre hook of either signature.
enum ForwardPreBody: Sendable {
    case plain(ForwardPreHook)
    case withKeywords(ForwardPreHookWithKeywords)

    var takesKeywords: Bool {
        if case .withKeywords = self { true } else { false }
    }

    /// Replaces `inputs`, and `keywords` if the hook sees them, by what the hook returns, unless `isOld`.
    func callAsFunction(
        _ module: Module,
        _ inputs: inout [Tensor],
        _ keywords: inout Arguments.Keywords?,
        isOld: Bool
    ) throws {
        switch self {
        case .plain(let hook):
            guard let replacement = try hook(module, inputs), !isOld else { return }
            inputs = replacement
        case .withKeywords(let hook):
            guard let replacement = try hook(module, Arguments(inputs, keywords)), !isOld else { return }
            (inputs, keywords) = (replacement.positional, replacement.named)
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
    func callAsFunction(
        _ module: Module,
        _ inputs: [Tensor],
        _ keywords: Arguments.Keywords?,
        _ output: Tensor
    ) throws -> Tensor? {
        switch self {
        case .plain(let hook): try hook(module, inputs, output)
        case .withKeywords(let hook): try hook(module, Arguments(inputs, keywords), output)
        case .alwaysCalled(let hook): try hook(module, inputs, output)
        case .alwaysCalledWithKeywords(let hook): try hook(module, Arguments(inputs, keywords), output)
        }
    }

    /// Calls a hook that is always called on the way of an error, with the output that there is so far.
    func callAfterError(_ module: Module, _ arguments: Arguments, _ output: Tensor?) throws -> Tensor? {
        switch self {
        case .plain, .withKeywords: nil
        case .alwaysCalled(let hook): try hook(module, arguments.positional, output)
        case .alwaysCalledWithKeywords(let hook): try hook(module, arguments, output)
        }
    }
}
