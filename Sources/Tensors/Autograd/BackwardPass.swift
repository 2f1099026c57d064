/// One walk from results back to leaves.
///
/// A node runs when every node that reads its results has run; of those that can run, the latest made goes first.
struct BackwardPass {
    private typealias ID = ObjectIdentifier
    private var roots: [History] = []
    private var rootGradients: [Tensor] = []
    /// How many uses of a node's results have not run yet.
    private var missing: [ID: Int] = [:]
    /// The gradients that have arrived for the results of a node.
    private var arrived: [ID: [Tensor?]] = [:]
    private var ready = ReadyQueue()
    /// The nodes that lead to a target, or `nil` when every leaf is one.
    private var useful: Set<ID>?
    private var captures: [ID: [Int: Tensor]] = [:]
    private var targets: [ID: Set<Int>] = [:]

    init(from outputs: [Tensor], gradients: [Tensor?]) throws(TensorError) {
        guard outputs.count == gradients.count else {
            throw .gradientCount(expected: gradients.count, got: outputs.count)
        }
        for (index, output) in outputs.enumerated() {
            rootGradients.append(try Self.gradient(gradients[index], of: output, index: index))
            guard let history = output.history else { throw .nothingRequiresGradient(index: index) }
            roots.append(history)
        }
    }

    /// Returns the gradient to start from, which is one for a single element.
    private static func gradient(_ given: Tensor?, of output: Tensor, index: Int) throws(TensorError) -> Tensor {
        guard let given else {
            guard output.requiresGrad else { throw .nothingRequiresGradient(index: index) }
            guard output.elementCount == 1 else { throw .gradientNeedsScalar }
            return try .ones(output.shape, dtype: output.dtype)
        }
        guard given.shape == output.shape else {
            throw .gradientShape(index: index, gradient: given.shape.dimensions, output: output.shape.dimensions)
        }
        return try given.detached().converted(to: output.dtype)
    }

    /// Runs the pass, accumulating into leaves.
    mutating func run(retainGraph: Bool) throws {
        _ = try run(retainGraph: retainGraph, capturing: nil)
    }

    /// Runs the pass, and returns the gradients that reached `targets`, if they are given, instead of accumulating.
    @discardableResult
    mutating func run(retainGraph: Bool, capturing wanted: [History]?) throws -> [Tensor?] {
        for target in wanted ?? [] { targets[ID(target.node), default: []].insert(target.index) }
        let order = countUses()
        if wanted != nil { useful = usefulNodes(in: order) }
        try Autograd.withoutGradients {
            try start()
            while let node = ready.popLatest() { try visit(node, retainGraph: retainGraph) }
        }
        return (wanted ?? []).map { captures[ID($0.node)]?[$0.index] }
    }

    /// Counts the uses of each node's results, and returns the nodes, each after those that it leads to.
    private mutating func countUses() -> [GradientNode] {
        var order: [GradientNode] = []
        var seen: Set<ID> = []
        var stack = roots.map { (node: $0.node, expanded: false) }
        while let (node, expanded) = stack.popLast() {
            guard !expanded else {
                order.append(node)
                continue
            }
            guard seen.insert(ID(node)).inserted else { continue }
            stack.append((node, true))
            for case let edge? in node.edges {
                missing[ID(edge.node), default: 0] += 1
                stack.append((edge.node, false))
            }
        }
        return order
    }

    private func usefulNodes(in order: [GradientNode]) -> Set<ID> {
        var useful: Set<ID> = []
        for node in order {
            let leads = node.edges.contains { edge in edge.map { useful.contains(ID($0.node)) } ?? false }
            if leads || targets[ID(node)] != nil { useful.insert(ID(node)) }
        }
        return useful
    }

    private mutating func start() throws {
        for (root, gradient) in zip(roots, rootGradients) { try deliver(gradient, to: root) }
        var queued: Set<ID> = []
        for root in roots where missing[ID(root.node)] == nil && queued.insert(ID(root.node)).inserted {
            ready.insert(root.node)
        }
    }

    /// Adds `gradient`, fitted to the result's form, to what has arrived for that result.
    private mutating func deliver(_ gradient: Tensor, to result: GradientNode.Edge) throws(TensorError) {
        let form = result.node.forms[result.index]
        let fitting = try gradient.detached().summed(to: form.shape).converted(to: form.dtype)
        let id = ID(result.node)
        var gradients = arrived[id] ?? [Tensor?](repeating: nil, count: result.node.forms.count)
        let sum = try gradients[result.index].map { sum throws(TensorError) in try sum + fitting }
        gradients[result.index] = sum ?? fitting
        arrived[id] = gradients
    }
}

extension BackwardPass {
    private mutating func visit(_ node: GradientNode, retainGraph: Bool) throws {
        var gradients =
            arrived.removeValue(forKey: ID(node)) ?? [Tensor?](repeating: nil, count: node.forms.count)
        capture(gradients, at: node)
        let edges = node.edges
        let needs = edges.map { edge in edge.map { useful?.contains(ID($0.node)) ?? true } ?? false }
        if node.isLeaf {
            if useful == nil { try node.accumulate(gradients[0]) }
            return
        }
        guard useful == nil || needs.contains(true) else { return finish(edges) }
        gradients = try node.afterPreHooks(gradients)
        let results = try node.inputGradients(gradients, needs: .init(flags: needs), retainGraph: retainGraph)
        for (index, (edge, result)) in zip(edges, results).enumerated() {
            guard let edge, let result else { continue }
            let expected = edge.node.forms[edge.index].shape
            guard expected.isStretchable(to: result.shape) else {
                let (name, got) = (node.name.current, result.shape.dimensions)
                throw TensorError.invalidGradient(of: name, index: index, got: got, expected: expected.dimensions)
            }
            try deliver(result, to: edge)
        }
        finish(edges)
    }

    private mutating func capture(_ gradients: [Tensor?], at node: GradientNode) {
        for index in targets[ID(node)] ?? [] { captures[ID(node), default: [:]][index] = gradients[index] }
    }

    /// Counts the uses that have run now, and queues the nodes for which they were the last.
    private mutating func finish(_ edges: [GradientNode.Edge?]) {
        for case let edge? in edges {
            let left = (missing[ID(edge.node)] ?? 1) - 1
            missing[ID(edge.node)] = left
            if left == 0 { ready.insert(edge.node) }
        }
    }
}
