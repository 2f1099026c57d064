import Tensors

/// Calls of a module and of those behind it in a chain, in one go.
extension Module {
    /// Calls the module and, in the same go, as many of those behind it as it takes on.
    ///
    /// The rule is that of `call`: while nobody in the process watches, and neither this module nor one behind it has hooks of
    /// its own, a call is `forward` and nothing else. What several of them would give one after the other may then be made at
    /// once: it has the same bits, and nobody stands between them who could tell.
    /// - Parameter next: What the module so many places behind this one does to its input, if nobody watches that one.
    /// - Returns: The output of the last that was done, and how many were; `nil` where each has to be called, and to fail, by
    ///   itself.
    final func callAhead(_ input: Tensor, _ next: (_ place: Int) -> ChannelStep?) -> (output: Tensor, count: Int)? {
        guard takesSteps, !CallPath.needsAttention, ownHooks.isEmpty else { return nil }
        var steps = ChannelSteps()
        while let step = next(steps.count + 1), steps.append(step) {}
        guard steps.count > 0, let output = try? forward(input, through: steps) else { return nil }
        return (output, 1 + steps.count)
    }

    /// What a call of this module does to an input of so many axes, if that is one step for each number of a channel, and if the
    /// module has no hooks.
    final func unwatchedStep(rank: Int) -> ChannelStep? { ownHooks.isEmpty ? channelStep(rank: rank) : nil }
}
