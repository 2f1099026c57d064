import Models
import NN
import Synchronization
import Tensors

/// Who hears of what hooks do in calls.
protocol HookListener: Sendable {
    /// The most bytes that the captures of one call may hold.
    var maxCaptureBytes: Int { get }
    /// A hook runs.
    func hookRan()
    func hookLogged(_ line: HookLogLine)
    /// The registered `hook` kept a value of a call of `moduleVersion`.
    func hookCaptured(_ content: ServingEvent.Content, of moduleVersion: ModuleVersion, module: String)
}

/// One call as its hooks see it.
final class CallScope: CallObserver {
    let moduleVersion: ModuleVersion
    /// Where the call comes from.
    let origin: (any CallOrigin)?
    private let hooks: [HookDescription]
    private let listener: any HookListener
    private let captured = Mutex<(captures: [Capture], byteCount: Int)>(([], 0))

    init(of moduleVersion: ModuleVersion, _ request: borrowing CallRequest, heardBy listener: any HookListener) {
        self.moduleVersion = moduleVersion
        origin = request.origin
        hooks = request.hooks
        self.listener = listener
    }

    /// What hooks of the call have captured so far.
    var captures: [Capture] { captured.withLock(\.captures) }

    /// Keeps `tensor` for the answer.
    /// - Throws: `ServingError.captureTooLarge` when the captures of the call would hold too much.
    func capture(_ tensor: Tensor, hook: Int, kind: HookKind, output: Int?) throws(ServingError) {
        let limit = listener.maxCaptureBytes
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
        listener.hookCaptured(content, of: moduleVersion, module: path)
    }

    func log(_ line: HookLogLine) {
        listener.hookLogged(line)
    }

    func countHook() {
        listener.hookRan()
    }
}
