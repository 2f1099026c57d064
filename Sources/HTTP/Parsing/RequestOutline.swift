package import HTTPTypes

/// What is known of a request whose head may not be complete: enough to say no in the right form.
package struct RequestOutline: Sendable {
    /// The method.
    package let method: HTTPRequest.Method
    /// The path as it was sent, as far as it has come.
    package let path: ArraySlice<UInt8>
    /// The fields, if the whole head could be read.
    package var fields: RequestFields?
}

extension Request {
    /// The outline of this request.
    package var outline: RequestOutline { RequestOutline(method: method, path: pathOctets, fields: fields) }
}

extension UnfinishedRequest {
    var outline: RequestOutline {
        RequestOutline(method: head.method, path: fields.octets[head.target.path], fields: fields)
    }
}

extension RequestLineScanner {
    /// Returns what the start of a line says in `octets`; `nil` before its target begins.
    func outline(of octets: [UInt8]) -> RequestOutline? {
        switch state {
        case .lineStart, .emptyLine, .method: nil
        case .target: RequestOutline(method: method, path: octets[partialPath(of: octets)])
        case .version, .lineEnd: RequestOutline(method: method, path: octets[target.path])
        }
    }

    /// Where the path stands of a target that has not come whole, or is none.
    private func partialPath(of octets: [UInt8]) -> Range<Int> {
        TargetRange(originForm: partStart..<min(position, octets.count), in: octets.span).path
    }
}
