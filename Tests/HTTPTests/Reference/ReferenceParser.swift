@testable import HTTP

/// A slow and simple parser of whole octet strings, to hold the fast one to.
struct ReferenceParser {
    /// What ended the reading.
    struct Refusal: Error {
        let status: Int
    }

    private struct OutOfOctets: Error {}

    private static let table = ReferenceTable.shared
    private let octets: [UInt8]
    private let limits: ServerLimits
    private var index = 0

    init(_ octets: [UInt8], limits: ServerLimits) {
        self.octets = octets
        self.limits = limits
    }

    /// Returns what `octets` are, request by request.
    static func outcomes(of octets: [UInt8], limits: ServerLimits) -> [Outcome] {
        var parser = ReferenceParser(octets, limits: limits)
        var outcomes: [Outcome] = []
        while parser.index < octets.count {
            do {
                let request = try parser.request()
                outcomes.append(request.outcome)
                if !request.keepsAlive { return outcomes }
            } catch let refusal as Refusal {
                return outcomes + [.refused(status: refusal.status)]
            } catch {
                return outcomes + [.incomplete]
            }
        }
        return outcomes
    }

    private mutating func request() throws -> (outcome: Outcome, keepsAlive: Bool) {
        let start = index
        let line = try requestLine()
        let fields = try section(from: start, limit: limits.maxHeadBytes)
        let head = ReferenceHead(line: line, fields: fields)
        let framing = try head.framing(limits)
        var body: [UInt8] = []
        switch framing {
        case .length(let count):
            guard octets.count - index >= count else { throw OutOfOctets() }
            body = Array(octets[index..<index + count])
            index += count
        case .chunked: body = try chunkedBody()
        }
        return (.request(head: head.octets, body: body, keepsAlive: head.keepsAlive), head.keepsAlive)
    }

    /// Eats octets from `state` on until `isEnd` says of a new state that it is the end; returns that state.
    private mutating func walk(
        from start: ReferenceTable.State,
        until isEnd: (ReferenceTable.State, UInt8) throws -> Bool
    ) throws {
        var state = start
        while index < octets.count {
            guard let next = Self.table.next(state, octets[index]) else { throw Refusal(status: 400) }
            state = next
            index += 1
            if try isEnd(state, octets[index - 1]) { return }
        }
        throw OutOfOctets()
    }

    private mutating func requestLine() throws -> ReferenceHead.Line {
        let table = Self.table
        let start = index
        var (emptyLines, words, word) = (0, [[UInt8]](), [UInt8]())
        let limits = limits
        var count = 0
        try walk(from: Self.table.start) { state, octet in
            count += 1
            if state == table.emptyLine {
                emptyLines += 1
                if emptyLines > 4 { throw Refusal(status: 400) }
            }
            if state == table.targetStart || state == table.version0 || state == table.lineEnd {
                words.append(word)
                word = []
                try ReferenceHead.check(words)
            } else if octet != 0x0D && octet != 0x0A {
                word.append(octet)
            }
            if state == table.fieldStart { return true }
            if count == limits.maxRequestLineBytes + 2 * (emptyLines + 1) { throw Refusal(status: 414) }
            if count == limits.maxHeadBytes { throw Refusal(status: 431) }
            return false
        }
        precondition(index > start)
        return ReferenceHead.Line(words: words.map { String(decoding: $0, as: UTF8.self) })
    }

    /// Reads field lines, up to the blank line; `limit` counts from `start`.
    private mutating func section(from start: Int, limit: Int) throws -> [ReferenceHead.Field] {
        let table = Self.table
        var (fields, name, value) = ([ReferenceHead.Field](), [UInt8](), [UInt8]())
        var count = index - start
        guard count < limit else { throw Refusal(status: 431) }
        let maxFields = limits.maxFields
        if fields.count == maxFields, index < octets.count, octets[index] != 0x0D { throw Refusal(status: 431) }
        let octets = octets
        let base = index - count
        try walk(from: Self.table.fieldStart) { state, octet in
            count += 1
            if state == table.name { name.append(octet) }
            if state == table.value { value.append(octet) }
            if state == table.done { return true }
            if state == table.fieldStart {
                while value.last == 0x20 || value.last == 0x09 { value.removeLast() }
                fields.append(ReferenceHead.Field(name: name, value: value))
                (name, value) = ([], [])
            }
            if count == limit { throw Refusal(status: 431) }
            let following = base + count
            if state == table.fieldStart, fields.count == maxFields, following < octets.count,
                octets[following] != 0x0D
            {
                throw Refusal(status: 431)
            }
            return false
        }
        return fields
    }

    private mutating func chunkedBody() throws -> [UInt8] {
        var body: [UInt8] = []
        var extensionCount = 0
        while true {
            let size = try chunkSize(room: limits.maxBodyBytes - body.count, &extensionCount)
            if size == 0 { break }
            guard octets.count - index >= size else { throw OutOfOctets() }
            body += octets[index..<index + size]
            index += size
            try walk(from: Self.table.dataEnd) { state, _ in state == Self.table.sizeStart }
        }
        let trailers = try section(from: index, limit: limits.maxTrailerBytes)
        let forbidden = ["content-length", "transfer-encoding", "host"]
        if trailers.contains(where: { forbidden.contains($0.key) }) { throw Refusal(status: 400) }
        return body
    }

    private mutating func chunkSize(room: Int, _ extensionCount: inout Int) throws -> Int {
        let table = Self.table
        var digits = ""
        var isInExtension = false
        var count = extensionCount
        let limit = limits.maxChunkExtensionBytes
        // A fault in an extension that is already too long is its length.
        let octets = octets
        var position = index
        try walk(from: Self.table.sizeStart) { state, octet in
            position += 1
            if state == table.size {
                digits.append(Character(Unicode.Scalar(octet)))
                if digits.count > 16 { throw Refusal(status: 400) }
                guard let size = UInt64(digits, radix: 16), size <= UInt64(room) else { throw Refusal(status: 413) }
            } else if state != table.sizeEnd, state != table.sizeDone {
                isInExtension = true
                count += 1
                if count > limit { throw Refusal(status: 413) }
            }
            let isAtEnd = state == table.sizeEnd || state == table.sizeDone
            if isInExtension, !isAtEnd, count == limit, position < octets.count,
                table.next(state, octets[position]) == nil
            {
                throw Refusal(status: 413)
            }
            return state == table.sizeDone
        }
        extensionCount = count
        return Int(digits, radix: 16) ?? 0
    }
}
