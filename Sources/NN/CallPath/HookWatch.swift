import Tensors

/// What a context has to do around one hook: a trace notes how long it takes, and PyTorch 1.0.1 does not let a table
/// change while its hooks run.
///
/// A class, so that the many calls without a context carry no more than a pointer to nothing.
final class HookWatch<Body: Sendable> {
    private let context: CallContext
    private let module: Module
    private let table: (HookList) -> [Hook<Body>]
    private let start = ContinuousClock.now
    private let idsBefore: [HookID]

    /// Begins to watch; `nil` when no context asks for it.
    @inline(__always)
    convenience init?(_ table: @escaping (HookList) -> [Hook<Body>], of module: Module, in context: CallContext?) {
        guard let context else { return nil }
        self.init(table, watching: module, in: context)
    }

    private init(_ table: @escaping (HookList) -> [Hook<Body>], watching module: Module, in context: CallContext) {
        self.context = context
        self.module = module
        self.table = table
        idsBefore = context.compatibility == .torch1_0_1 ? Self.ids(table, of: module) : []
    }

    /// Notes that the hook is through.
    /// - Throws: `ModuleError.hooksChangedWhileRunning` under the old rules, if another hook of the table is to run.
    func end(_ kind: TraceEvent.Kind, _ id: HookID, isLast: Bool) throws(ModuleError) {
        context.tracer?.recordHook(kind, id, since: start)
        guard context.compatibility == .torch1_0_1, !isLast else { return }
        guard Self.ids(table, of: module) == idsBefore else { throw .hooksChangedWhileRunning }
    }

    private static func ids(_ table: (HookList) -> [Hook<Body>], of module: Module) -> [HookID] {
        table(module.ownHooks.current).map(\.id)
    }
}
