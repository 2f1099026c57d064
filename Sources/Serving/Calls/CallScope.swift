import Metrics
import Models
import Synchronization
import Tensors

/// One call as its hooks see it.
final class CallScope: Sendable {
    /// The call that is running on this task.
    @TaskLocal static var current: CallScope?

    let publication: Publication
    /// Where the call comes from.
    let origin: (any CallOrigin)?
    private let hooks: [HookDescription]
    private let registry: Registry
    private let captured = Mutex<(captures: [Capture], byteCount: Int)>(([], 0))

    init(of publication: Publication, _ request: borrowing CallRequest, in registry: Registry) {
        self.publication = publication
        origin = request.origin
        hooks = request.hooks
        self.registry = registry
    }

    /// What hooks of the call have captured so far.
    var captures: [Capture] { captured.withLock(\.captures) }

    /// Keeps `tensor` for the answer.
    /// - Throws: `ServingError.captureTooLarge` when the captures of the call would hold too much.
    func capture(_ tensor: Tensor, hook: Int, kind: HookKind, output: Int?) throws(ServingError) {
        let limit = registry.limits.maxCaptureBytes
        let (module, node) = hook < hooks.count ? (hooks[hook].module, hooks[hook].node) : ("", nil)
        try captured.withLock { captured throws(ServingError) in
            guard captured.byteCount + tensor.byteCount <= limit else { throw .captureTooLarge(limit: limit) }
            captured.byteCount += tensor.byteCount
            captured.captures.append(
                Capture(hook: hook, module: module, node: node, kind: kind, output: output, tensor: tensor)
            )
        }
    }

    func publishCapture(_ tensor: Tensor, hook: Int, path: String, node: String?, kind: HookKind) {
        let content = ServingEvent.Content.capture(hook: hook, kind: kind, node: node, tensor: tensor)
        registry.events.publish(publication, module: path, content)
    }

    func log(_ line: HookLogLine) {
        registry.options.log(line)
    }

    func countHook() {
        registry.metrics.hookCalls.increment()
    }
}
