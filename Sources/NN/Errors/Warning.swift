import Tensors

/// Something that PyTorch warns of: the call goes on.
public enum Warning: Sendable, Equatable {
    /// An always called hook failed while another error was on its way.
    case silencedHook(message: String, isGlobal: Bool)
    /// A full backward hook runs on a module none of whose inputs requires a gradient.
    case backwardHookWithoutInputs
    /// A module with backward hooks gives something of this type, inside which they see no gradient.
    case backwardHookMissesOutput(String)
    /// An old backward hook sees the gradients around the last of several operations only.
    case oldBackwardHookMissesNodes
    /// A layer has a parameter without elements to initialise.
    case emptyInitialization
    /// Softmax was given no dimension and took one by the old rule.
    case implicitDimension(function: String)
    /// A loss broadcasts an input and a target of different sizes.
    case lossBroadcasts(target: [Int], input: [Int])

    static func silencedHookError(_ error: any Error, isGlobal: Bool, compatibility: Compatibility) -> Warning {
        .silencedHook(message: callPathMessage(of: error, compatibility), isGlobal: isGlobal)
    }

    /// PyTorch's text.
    public var message: String {
        switch self {
        case .silencedHook(let message, let isGlobal):
            "\(isGlobal ? "global " : "")module forward hook with ``always_call=True`` raised an exception that was "
                + "silenced as another error was raised in forward: \(message)"
        case .backwardHookWithoutInputs:
            "Full backward hook is firing when gradients are computed with respect to module outputs since no inputs "
                + "require gradients. See https://docs.pytorch.org/docs/main/generated/torch.nn.Module.html"
                + "#torch.nn.Module.register_full_backward_hook for more details."
        case .backwardHookMissesOutput(let type):
            "For backward hooks to be called, module output should be a Tensor or a tuple of Tensors but received "
                + "<class '\(type)'>"
        case .oldBackwardHookMissesNodes:
            "Using a non-full backward hook when the forward contains multiple autograd Nodes is deprecated and will "
                + "be removed in future versions. This hook will be missing some grad_input. Please use "
                + "register_full_backward_hook to get the documented behavior."
        case .emptyInitialization:
            "Initializing zero-element tensors is a no-op"
        case .implicitDimension(let function):
            "Implicit dimension choice for \(function) has been deprecated. Change the call to include dim=X as an "
                + "argument."
        case .lossBroadcasts(let target, let input):
            "Using a target size (torch.Size(\(target))) that is different to the input size (torch.Size(\(input))). "
                + "This will likely lead to incorrect results due to broadcasting. Please ensure they have the same "
                + "size."
        }
    }
}
