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
        let framing = framing(of: response, method: method, version: version)
        let reason = response.status.reasonPhrase
        let limit = maxFrameByteCount + reason.utf8.count + date.count + response.fields.octets.count
        output.append(atMost: limit) { writer in
            writeStart(response.status.code, reason, date: date, to: &writer)
            writer.write(response.fields.octets)
            writeLength(of: response, framing: framing, to: &writer)
            if !keepsAlive || framing == .untilClose {
                writer.write("Connection: close\r\n")
            } else if version == .http1_0 {
                writer.write("Connection: keep-alive\r\n")
            }
            writer.write("\r\n")
        }
        return framing
    }

    /// Octets beside the reason, the date and the fields: the status line, the longest `Content-Length` and `Connection`.
    private static let maxFrameByteCount = 64 + 38 + 24 + 2

    private static func writeStart(_ code: Int, _ reason: String, date: [UInt8], to writer: inout OctetWriter) {
        writer.write("HTTP/1.1 ")
        writer.write(decimal: code)
        writer.write(" ")
        writer.write(utf8Of: reason)
        writer.write("\r\nDate: ")
        writer.write(date)
        writer.write("\r\n")
    }

    private static func framing(
        of response: Response,
        method: HTTPRequest.Method,
        version: Request.Version
    ) -> ResponseFraming {
        if response.isOmitted(for: method) { return .omitted }
        if response.body.count != nil { return .whole }
        return version != .http1_0 ? .chunked : .untilClose
    }

    private static func writeLength(of response: Response, framing: ResponseFraming, to writer: inout OctetWriter) {
        let code = response.status.code
        if framing == .chunked {
            writer.write("Transfer-Encoding: chunked\r\n")
        } else if let count = response.body.count, code >= 200, code != 204, code != 304 {
            writer.write("Content-Length: ")
            writer.write(decimal: count)
            writer.write("\r\n")
        }
    }
}
