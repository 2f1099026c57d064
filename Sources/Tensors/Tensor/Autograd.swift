internal import CThread

/// Gradients: whether operations record them, and how to ask for them.
///
/// As in PyTorch the mode belongs to the running thread: a scope begins and ends on one, since its body cannot wait, and
/// so one call never changes another's.
public enum Autograd {
    enum Mode: UInt8 {
        case recording, off, inference
    }

    private static var mode: Mode { Mode(rawValue: cthread_running_call().pointee.gradient_mode) ?? .recording }

    /// Whether an operation on tensors that require gradients records how to go backward.
    public static var isRecording: Bool { mode == .recording }

    /// Whether tensors made now are marked as made in inference mode.
    static var marksInference: Bool { mode == .inference }

    /// Runs `body` without recording: PyTorch's `no_grad`.
    public static func withoutGradients<Result>(_ body: () throws -> Result) rethrows -> Result {
        try run(in: .off, body)
    }

    /// Runs `body` with recording, inside a scope without: PyTorch's `enable_grad`.
    public static func withGradients<Result>(_ body: () throws -> Result) rethrows -> Result {
        try run(in: .recording, body)
    }

    /// Runs `body` without recording, and marks its tensors so that no graph can save them: PyTorch's `inference_mode`.
    public static func withInferenceMode<Result>(_ body: () throws -> Result) rethrows -> Result {
        try run(in: .inference, body)
    }

    /// Runs a part of an operation that records itself as a whole.
    static func unrecorded<Result>(_ body: () throws(TensorError) -> Result) throws(TensorError) -> Result {
        guard isRecording else { return try body() }
        return try run(in: .off, body)
    }

    @inline(__always)
    private static func run<Result, Failure: Error>(
        in mode: Mode,
        _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let call = cthread_running_call()
        let outer = call.pointee.gradient_mode
        defer { call.pointee.gradient_mode = outer }
        call.pointee.gradient_mode = mode.rawValue
        return try body()
    }

    /// Returns whether an operation on these tensors must record itself.
    @inline(__always)
    static func records(_ first: Tensor) -> Bool {
        first.history != nil && isRecording
    }

    @inline(__always)
    static func records(_ first: Tensor, _ second: Tensor) -> Bool {
        (first.history != nil || second.history != nil) && isRecording
    }

    @inline(__always)
    static func records(_ first: Tensor, _ second: Tensor, _ third: Tensor?) -> Bool {
        (first.history != nil || second.history != nil || third?.history != nil) && isRecording
    }
}

extension Autograd {
    /// Returns `outputs` as the results of one new node over `inputs`, whose gradients `backward` computes.
    ///
    /// Returns `outputs` unchanged when no input requires gradients or recording is off. With `inputs` themselves as
    /// outputs it is the identity that backward hooks stand on.
    public static func custom(
        name: NodeName,
        inputs: [Tensor],
        outputs: [Tensor],
        backward: @escaping GradientNode.Rule
    ) -> [Tensor] {
        guard isRecording, inputs.contains(where: \.requiresGrad) else { return outputs }
        let forms = outputs.map { GradientNode.Form(shape: $0.shape, dtype: $0.dtype) }
        let node = GradientNode(
            name: name,
            edges: inputs.map(\.history),
            forms: forms,
            savesTensors: false,
            rule: backward
        )
        return outputs.enumerated().map { index, output in
            output.dtype.isFloatingPoint ? output.attached(to: node, index: index) : output
        }
    }
}

extension Tensor {
    /// Returns this result as that of a new node over `inputs`, with a rule that takes the one gradient there is.
    ///
    /// - Parameter saved: The tensors that the rule reads; the first pass frees them.
    func recorded(
        _ name: NodeName,
        _ inputs: [Tensor],
        saving saved: [Tensor] = [],
        rule: @escaping SingleRule
    ) throws(TensorError) -> Tensor {
        let edge = try GradientNode.edge(
            name,
            from: inputs.map(\.history),
            form: .init(shape: shape, dtype: dtype),
            saving: saved,
            rule: rule
        )
        return attached(to: edge.node)
    }

    /// Returns the gradients of the inputs, given that of the only result.
    typealias SingleRule = @Sendable (_ gradient: Tensor, _ needs: GradientNode.Needs) throws -> [Tensor?]
}

extension GradientNode {
    /// Returns the result of a new node with one result of `form`.
    static func edge(
        _ name: NodeName,
        from edges: [Edge?],
        form: Form,
        saving saved: [Tensor] = [],
        rule: @escaping Tensor.SingleRule
    ) throws(TensorError) -> Edge {
        guard !saved.contains(where: \.isInference) else { throw .inferenceSaved }
        let count = edges.count
        let node = GradientNode(name: name, edges: edges, forms: [form], savesTensors: !saved.isEmpty) { given, needs in
            guard let gradient = given[0] else { return [Tensor?](repeating: nil, count: count) }
            return try rule(gradient, needs)
        }
        return Edge(node: node, index: 0)
    }
}
