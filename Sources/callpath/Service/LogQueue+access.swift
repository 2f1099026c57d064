import Logs
import Web

extension LogQueue {
    /// Writes the line of a request, what is looked for most often first.
    func append(_ access: AccessLine) {
        append(access.level, label: "callpath.access", message: "request") { line in
            line.add("status", access.status)
            if let status = access.callStatus { line.add("grpc_status", status) }
            line.add("duration_ms", thousandths: access.microseconds)
            line.add("method", access.method)
            line.add("target", access.target)
            line.add("route", access.route)
            line.add("bytes_in", access.bytesIn)
            line.add("bytes_out", access.bytesOut)
            line.add("peer", access.peer)
            if let proxy = access.proxy { line.add("proxy", proxy) }
            line.add("request_id", access.requestID)
            if let key = access.key { line.add("key", key) }
            if let client = access.client { line.add("client", client) }
            if let traceID = access.traceID { line.add("trace_id", traceID) }
        }
    }
}
