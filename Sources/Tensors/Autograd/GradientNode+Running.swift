import Synchronization

extension GradientNode {
    /// Adds `gradient` to what this leaf has gathered.
    func accumulate(_ gradient: Tensor?) throws {
        guard let gradient = try afterPreHooks([gradient])[0] else { return }
        let failure: TensorError? = state.withLock { state in
            do throws(TensorError) {
                state.grad =
                    try state.grad.map { sum throws(TensorError) in
                        try Operations.unobserved { () throws(TensorError) in try sum + gradient }
                    } ?? gradient
                return nil
            } catch { return error }
        }
        if let failure { throw failure }
        for hook in state.withLock({ $0.hooks }) { _ = try hook([], [gradient]) }
    }

    /// Returns the gradients of the outputs as the pre-hooks leave them.
    func afterPreHooks(_ gradients: [Tensor?]) throws -> [Tensor?] {
        var gradients = gradients
        for hook in state.withLock({ $0.preHooks }) {
            gradients = try checked(hook(gradients) ?? gradients, count: forms.count)
        }
        return gradients
    }

    /// Returns the gradients of the inputs, as the hooks leave them, and frees what the rule has saved.
    func inputGradients(_ gradients: [Tensor?], needs: Needs, retainGraph: Bool) throws -> [Tensor?] {
        let (rule, hooks) = state.withLock { state in
            defer { if savesTensors, !retainGraph { state.rule = nil } }
            return (state.rule, state.hooks)
        }
        guard let rule else { throw TensorError.secondBackward }
        let count = needs.flags.count
        var results = try checked(rule(gradients, needs), count: count)
        for hook in hooks { results = try checked(hook(results, gradients) ?? results, count: count) }
        return results
    }

    /// Returns `gradients` if foreign code has given as many as there must be.
    private func checked(_ gradients: [Tensor?], count: Int) throws(TensorError) -> [Tensor?] {
        guard gradients.count == count else {
            throw .gradientResultCount(of: name.current, expected: count, got: gradients.count)
        }
        return gradients
    }
}
