import Synchronization
public import Tensors

/// Records the call path of one call, in the order in which things happen.
public final class Tracer: Sendable {
    private struct Scope {
        let path: String
        let type: String
        let text: String
        /// The names of the module's children, for those who are called without saying under which name.
        let childNames: [ObjectIdentifier: String]
        /// The node of the module's graph that is running.
        var node: String?
    }

    private struct State {
        var events: [TraceEvent] = []
        var scopes: [Scope] = []
    }

    private let state = Mutex(State())

    /// Creates a tracer that has seen nothing.
    public init() {}

    /// What happened so far.
    public var events: [TraceEvent] { state.withLock(\.events) }

    /// Runs `body` as a call of `module`, which its caller holds under `key`.
    func inScope<Result>(of module: Module, as key: String?, _ body: () throws -> Result) rethrows -> Result {
        let type = module.typeName
        let identity = ObjectIdentifier(module)
        var childNames: [ObjectIdentifier: String] = [:]
        for (name, child) in module.namedChildren() { childNames[ObjectIdentifier(child)] = name }
        state.withLock { [childNames] state in
            let parent = state.scopes.last
            let key = parent.flatMap { key ?? $0.childNames[identity] }
            let scope = Scope(
                path: [parent?.path, key].compactMap(\.self).filter { !$0.isEmpty }.joined(separator: "."),
                type: type,
                text: (parent.map { "\($0.text)/" } ?? "") + (key.map { "\(type)[\($0)]" } ?? type),
                childNames: childNames
            )
            state.scopes.append(scope)
        }
        defer { state.withLock { _ = $0.scopes.removeLast() } }
        return try body()
    }

    /// Notes that the node `name` of the running module's graph begins.
    func beginNode(_ name: String) {
        state.withLock { state in
            guard !state.scopes.isEmpty else { return }
            state.scopes[state.scopes.count - 1].node = name
        }
    }

    /// Records that `forward` begins, and returns when.
    func beginForward(of input: Tensor?) -> ContinuousClock.Instant {
        record(.forwardBegin, shape: input?.shape)
        return .now
    }

    func endForward(with output: Value, since start: ContinuousClock.Instant) {
        record(.forwardEnd, shape: output.firstTensor?.shape, duration: start.duration(to: .now))
    }

    func recordHook(_ kind: TraceEvent.Kind, _ id: HookID, since start: ContinuousClock.Instant) {
        record(kind, duration: start.duration(to: .now), hook: id)
    }

    private func record(
        _ kind: TraceEvent.Kind,
        name: String? = nil,
        shape: Shape? = nil,
        duration: Duration = .zero,
        hook: HookID? = nil
    ) {
        state.withLock { state in
            guard let scope = state.scopes.last else { return }
            state.events.append(
                TraceEvent(
                    kind: kind,
                    module: scope.path,
                    type: scope.type,
                    scope: scope.text,
                    name: name,
                    node: kind == .operation ? scope.node : nil,
                    shape: shape.map(Array.init),
                    nanoseconds: duration.nanoseconds,
                    hook: hook
                )
            )
        }
    }
}

extension Tracer: OperationObserver {
    /// Records an operation of the `forward` that is running.
    public func didPerform(_ name: String, shape: Shape, duration: Duration) {
        record(.operation, name: name, shape: shape, duration: duration)
    }
}

extension Duration {
    /// The whole duration in nanoseconds; a call is far from the 292 years that this holds.
    fileprivate var nanoseconds: Int64 {
        Int64(clamping: attoseconds / 1_000_000_000)
    }
}
