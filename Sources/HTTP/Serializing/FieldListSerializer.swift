package import HTTPTypes

/// The field lines of an answer as HTTP/2 sends them: names in lower case, in one run of octets.
package struct FieldList: Sendable {
    /// Where a line stands.
    package struct Line: Sendable {
        package let name: Range<Int>
        package let value: Range<Int>
    }

    package private(set) var octets: [UInt8] = []
    package private(set) var lines: [Line] = []

    /// Octets of memory that are kept for the next lines.
    private static let maxKeptByteCount = 4_096

    /// Creates a list without lines.
    package init() {}

    /// Has the lines of trailers in place of those before.
    package mutating func set(trailers: ResponseFields) {
        clear(octets: trailers.octets.count)
        append(trailers)
    }

    /// Has the line of a status alone, as of an answer before the answer.
    package mutating func set(status code: Int) {
        clear(octets: 16)
        append(":status") { $0.append(decimal: code) }
    }

    private mutating func clear(octets count: Int) {
        octets.removeAll(keepingCapacity: octets.capacity <= Self.maxKeptByteCount)
        lines.removeAll(keepingCapacity: lines.capacity <= Self.maxKeptByteCount / 32)
        octets.reserveCapacity(count)
        lines.reserveCapacity(8)
    }

    /// Has the lines of an answer's head in place of those before.
    ///
    /// - Parameters:
    ///   - date: The time as `HTTPDate` writes it.
    ///   - endsThere: Whether nothing follows, so that trailers belong to the head.
    package mutating func set(_ response: Response, date: [UInt8], endsThere: Bool) {
        clear(octets: response.fields.octets.count + 96)
        let code = response.status.code
        append(":status") { $0.append(decimal: code) }
        append("date") { $0.append(contentsOf: date) }
        append(response.fields)
        if let trailers = response.trailers {
            if endsThere { append(trailers) }
        } else if let count = response.body.count, code >= 200, code != 204, code != 304 {
            append("content-length") { $0.append(decimal: count) }
        }
    }

    private mutating func append(_ name: StaticString, _ value: (inout [UInt8]) -> Void) {
        let start = octets.count
        octets.append(name)
        let middle = octets.count
        value(&octets)
        lines.append(Line(name: start..<middle, value: middle..<octets.count))
    }

    private mutating func append(_ fields: ResponseFields) {
        let source = fields.octets.span
        var start = 0
        while start < source.count {
            let end = source.firstControl(from: start)
            let colon = source.firstIndex(from: start, notIn: .token)
            let place = octets.count
            for index in start..<colon {
                let octet = source[index]
                octets.append(0x41...0x5A ~= octet ? octet | 0x20 : octet)
            }
            let value = source.trimmed(min(colon + 1, end)..<end)
            let middle = octets.count
            octets.append(source.extracting(value))
            lines.append(Line(name: place..<middle, value: middle..<octets.count))
            start = end + 2
        }
    }
}

extension Response {
    /// Whether no content follows the head of this answer, whatever it holds.
    package func isOmitted(for method: HTTPRequest.Method) -> Bool {
        let code = status.code
        return method == .head || code < 200 || code == 204 || code == 304
    }
}
