package import HTTPTypes

/// How the body of an answer goes out, as its head has said.
package enum ResponseFraming: Sendable, Equatable {
    /// No body follows, whatever the response holds.
    case omitted
    /// The octets follow as they are.
    case whole
    /// Each piece follows as a chunk, and a last chunk ends them.
    case chunked
    /// Each piece follows as it is, and the end of the connection ends them.
    case untilClose
}

/// Writes the heads of answers.
///
/// Framing, `Date` and `Connection` are decided here alone, and no value can bring a line end into a head.
package enum ResponseSerializer {
    /// The interim answer to a client that waits with its body (RFC 9110 15.2.1).
    package static let continueHead = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)

    /// Appends the head of `response` to `output`.
    ///
    /// - Parameters:
    ///   - method: The method of the request; HEAD gets the fields of GET and no body.
    ///   - version: The version of the request; HTTP/1.0 knows no chunks.
    ///   - keepsAlive: Whether another request may follow; an answer of unknown length to HTTP/1.0 ends the connection
    ///     even so.
    ///   - date: The time as `HTTPDate` writes it.
    /// - Returns: How the body must follow.
    package static func appendHead(
        of response: Response,
        to output: inout [UInt8],
        method: HTTPRequest.Method,
        version: Request.Version,
        keepsAlive: Bool,
        date: [UInt8]
    ) -> ResponseFraming {
        appendStatusLine(response.status, to: &output)
        output.append("Date: ")
        output.append(contentsOf: date)
        output.append("\r\n")
        for field in response.fields where !isReserved(field.name) { append(field, to: &output) }
        let framing = framing(of: response, method: method, version: version)
        appendLength(of: response, framing: framing, to: &output)
        if !keepsAlive || framing == .untilClose {
            output.append("Connection: close\r\n")
        } else if version == .http1_0 {
            output.append("Connection: keep-alive\r\n")
        }
        output.append("\r\n")
        return framing
    }

    private static func appendStatusLine(_ status: HTTPResponse.Status, to output: inout [UInt8]) {
        output.append("HTTP/1.1 ")
        output.append(decimal: status.code)
        output.append(.space)
        output.append(contentsOf: status.reasonPhrase.utf8)
        output.append("\r\n")
    }

    /// Fields that only the serializer writes.
    private static func isReserved(_ name: HTTPField.Name) -> Bool {
        switch name.canonicalName.utf8.count {
        case 4: name == .date
        case 10: name == .connection || name.canonicalName == "keep-alive"
        case 14: name == .contentLength
        case 17: name == .transferEncoding
        default: false
        }
    }

    private static func append(_ field: HTTPField, to output: inout [UInt8]) {
        output.append(contentsOf: field.name.rawName.utf8)
        output.append(": ")
        let start = output.count
        field.withUnsafeBytesOfValue { output.append(contentsOf: $0) }
        replaceControls(in: &output, from: start)
        output.append("\r\n")
    }

    /// Puts a space where a control octet would end the value early (RFC 9110 5.5).
    private static func replaceControls(in output: inout [UInt8], from start: Int) {
        var index = output.span.firstControl(from: start)
        while index < output.count {
            output[index] = .space
            index = output.span.firstControl(from: index)
        }
    }

    private static func framing(
        of response: Response,
        method: HTTPRequest.Method,
        version: Request.Version
    ) -> ResponseFraming {
        let code = response.status.code
        if method == .head || code < 200 || code == 204 || code == 304 { return .omitted }
        if response.body.count != nil { return .whole }
        return version == .http1_1 ? .chunked : .untilClose
    }

    private static func appendLength(of response: Response, framing: ResponseFraming, to output: inout [UInt8]) {
        let code = response.status.code
        if framing == .chunked {
            output.append("Transfer-Encoding: chunked\r\n")
        } else if let count = response.body.count, code >= 200, code != 204, code != 304 {
            output.append("Content-Length: ")
            output.append(decimal: count)
            output.append("\r\n")
        }
    }
}
