import Models
import NN
import Tensors

/// Where a hook runs: which hook it is, on which module of which call.
struct HookSite {
    let hook: HookNumber
    /// What a registered hook gathers.
    let record: HookRecord?
    let kind: HookKind
    let module: Module
    /// The node of the module's graph, of a hook on a node.
    let node: String?
    /// The tensor's place among those of a value that is more than one tensor.
    let output: Int?
    let call: CallScope?

    /// The path of the module from the one that was called; the first one when it is shared.
    private var path: String { call?.moduleVersion.path(of: module) ?? "" }

    func capture(_ tensor: Tensor) throws {
        switch (hook, record) {
        case (.registered(let id), let record?):
            record.keep(tensor)
            call?.publishCapture(tensor, hook: id, path: path, node: node, kind: kind)
        case (.call(let index), _):
            try call?.capture(tensor, hook: index, kind: kind, output: output)
        default: break
        }
    }

    func count(_ summary: TensorSummary) {
        record?.count(summary)
    }

    func log(_ tensor: Tensor, level: LogLevel) {
        guard let call else { return }
        call.log(
            HookLogLine(
                level: level,
                name: call.moduleVersion.name,
                module: path,
                node: node,
                kind: kind,
                hook: hook,
                shape: Array(tensor.shape),
                dtype: tensor.dtype,
                summary: TensorSummary(of: tensor),
                origin: call.origin
            )
        )
    }

    /// Returns `error` with the hook that it came out of.
    func failure(_ error: any Error) -> HookFailure {
        HookFailure(hook: hook, module: path, node: node, underlying: error)
    }

    func finding(_ assertion: HookFinding.Assertion) -> ServingError {
        .assertionFailed(HookFinding(module: path, node: node, kind: kind, assertion: assertion))
    }
}
