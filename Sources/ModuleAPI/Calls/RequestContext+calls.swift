import Models
import Serving
import Web

extension RequestContext: CallOrigin {
    package var requestID: String { id.text }
    package var traceID: String? { traceParent.map { String($0.traceID) } }
}

extension RequestContext {
    /// Notes how long a call waited and computed.
    func note(_ timing: CallTiming) {
        guard isTimed else { return }
        self.timing[.queue] = timing.queue
        self.timing[.compute] = timing.compute
    }
}
