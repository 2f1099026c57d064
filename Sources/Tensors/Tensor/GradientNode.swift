import Synchronization

/// One step of the graph that leads back from a result: PyTorch's `grad_fn`.
public final class GradientNode: Sendable {
    /// Returns the gradient of each input, given that of each output; `nil` stands for zero or for "not needed".
    public typealias Rule = @Sendable (_ gradients: [Tensor?], _ needs: Needs) throws -> [Tensor?]
    /// Sees the gradients of the outputs before the node runs; a value replaces them.
    public typealias PreHook = @Sendable (_ outputGradients: [Tensor?]) throws -> [Tensor?]?
    /// Sees the gradients after the node ran; a value replaces those of the inputs.
    public typealias Hook = @Sendable (_ inputGradients: [Tensor?], _ outputGradients: [Tensor?]) throws -> [Tensor?]?

    /// A result of a node, as an input of another.
    typealias Edge = History

    /// The form that a gradient of an output must have.
    struct Form: Sendable {
        let shape: Shape
        let dtype: DType
    }

    struct State {
        var edges: [Edge?]
        var rule: Rule?
        var preHooks: [PreHook] = []
        var hooks: [Hook] = []
        var grad: Tensor?
    }

    /// The names that PyTorch gives it.
    public let name: NodeName
    /// Whether it stands for a leaf, and gathers gradients instead of passing them on.
    public let isLeaf: Bool
    let forms: [Form]
    let state: Mutex<State>
    /// Later nodes run first, as in PyTorch's engine; leaves before all.
    let sequence: UInt64
    /// Whether the rule reads tensors of the forward pass, which the first backward pass frees.
    let savesTensors: Bool

    init(name: NodeName, edges: [Edge?], forms: [Form], savesTensors: Bool, rule: @escaping Rule) {
        self.name = name
        self.forms = forms
        self.savesTensors = savesTensors
        isLeaf = false
        sequence = Self.counter.wrappingAdd(1, ordering: .relaxed).newValue
        state = Mutex(State(edges: edges, rule: rule))
    }

    /// Creates the node of a leaf.
    init(leafOf form: Form) {
        name = .accumulateGrad
        forms = [form]
        savesTensors = false
        isLeaf = true
        sequence = .max
        state = Mutex(State(edges: []))
    }

    /// Frees the nodes behind this one in a loop: a chain of a million would overflow the stack.
    deinit {
        var pending = takeEdges()
        while let edge = pending.popLast() {
            var node = edge.node
            _ = consume edge
            guard isKnownUniquelyReferenced(&node) else { continue }
            pending += node.takeEdges()
        }
    }

    private static let counter = Atomic<UInt64>(0)
}

extension GradientNode {
    /// Which inputs of a node want a gradient.
    public struct Needs: Sendable {
        let flags: [Bool]

        /// Accesses whether the input at `index` wants a gradient.
        public subscript(index: Int) -> Bool { flags[index] }
    }

    /// The nodes of the inputs, `nil` where an input requires no gradient: PyTorch's `next_functions`.
    public var nextNodes: [GradientNode?] { edges.map { $0?.node } }

    /// Adds a function that sees, and may replace, the gradients of the inputs after each run of this node.
    public func registerHook(_ hook: @escaping Hook) {
        state.withLock { $0.hooks.append(hook) }
    }

    /// Adds a function that sees, and may replace, the gradients of the outputs before each run of this node.
    public func registerPreHook(_ hook: @escaping PreHook) {
        state.withLock { $0.preHooks.append(hook) }
    }

    var edges: [Edge?] { state.withLock { $0.edges } }

    private func takeEdges() -> [Edge] {
        state.withLock { state in
            defer { state.edges = [] }
            return state.edges.compactMap { $0 }
        }
    }
}

/// Which result of which node a tensor is.
struct History: Sendable {
    let node: GradientNode
    let index: Int
}
