internal import CThread
import Synchronization
public import Tensors

/// Who watches a call from outside of the modules: a hook gets at it by `CallContext.current?.observer`.
public protocol CallObserver: AnyObject, Sendable {}

/// What belongs to one call and not to the modules it goes through.
///
/// A server gives each call a context of its own: its tracer, its hooks, its snapshot of the global ones, its random
/// numbers. Without a context a call behaves as in PyTorch: global hooks live, modules free to change.
public final class CallContext: Sendable {
    /// The context of the call that is running, if it has one.
    ///
    /// As the mode of gradients it belongs to the thread that runs the call.
    public static var current: CallContext? {
        cthread_running_call().pointee.context.map { Unmanaged<CallContext>.fromOpaque($0).takeUnretainedValue() }
    }

    /// Records the call path, if anyone wants it.
    public let tracer: Tracer?
    /// The hooks of this call alone.
    public let hooks: CallHooks
    /// The global hooks this call keeps to; `nil` sees them live.
    public let globalHooks: HookSnapshot?
    /// What dropout draws from; `nil` takes the default generator.
    public let generator: Generator?
    /// Whether modules must stay as they are: batch normalisation then leaves its running statistics alone.
    public let isFrozen: Bool
    /// The PyTorch version whose rules hold.
    public let compatibility: Compatibility
    /// Where the call's warnings go; `nil` sends them where they went when the context was made, at first to standard error.
    public let warned: (@Sendable (Warning) -> Void)?
    /// What whoever makes the call wants its hooks to find.
    public let observer: (any CallObserver)?

    /// Creates the context of one call.
    public init(
        tracer: Tracer? = nil,
        hooks: CallHooks = CallHooks(),
        globalHooks: HookSnapshot? = nil,
        generator: Generator? = nil,
        isFrozen: Bool = false,
        compatibility: Compatibility = .current,
        warned: (@Sendable (Warning) -> Void)? = nil,
        observer: (any CallObserver)? = nil
    ) {
        self.tracer = tracer
        self.hooks = hooks
        self.globalHooks = globalHooks
        self.generator = generator
        self.isFrozen = isFrozen
        self.compatibility = compatibility
        self.warned = warned ?? Self.current?.warned
        self.observer = observer
    }

    /// Creates a context like the running call's, if there is one, but for where warnings go.
    convenience init(warned: @escaping @Sendable (Warning) -> Void) {
        let current = Self.current
        self.init(
            tracer: current?.tracer,
            hooks: current?.hooks ?? CallHooks(),
            globalHooks: current?.globalHooks,
            generator: current?.generator,
            isFrozen: current?.isFrozen ?? false,
            compatibility: current?.compatibility ?? .current,
            warned: warned,
            observer: current?.observer
        )
    }

    /// Runs `body`, which cannot wait, with this context as the current one.
    public func run<Result>(_ body: () throws -> Result) rethrows -> Result {
        let call = cthread_running_call()
        let outer = call.pointee.context
        defer { call.pointee.context = outer }
        call.pointee.context = UnsafeRawPointer(Unmanaged.passUnretained(self).toOpaque())
        defer { withExtendedLifetime(self) {} }
        guard changesTheCallPath else { return try body() }
        CallPath.attention.add(1, ordering: .relaxed)
        defer { CallPath.attention.subtract(1, ordering: .relaxed) }
        return try compatibility.run { try observed(body) }
    }

    private func observed<Result>(_ body: () throws -> Result) rethrows -> Result {
        guard let tracer else { return try body() }
        return try Operations.observed(by: tracer, body)
    }

    private var changesTheCallPath: Bool {
        tracer != nil || !hooks.isEmpty || globalHooks?.isEmpty == false || compatibility != .current
    }
}
