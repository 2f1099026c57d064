import FoundationEssentials

/// One row of `wire-cases.tsv`: octets that a client sends and what must come of them.
package struct WireCase: Sendable, CustomStringConvertible {
    /// One thing that the client does.
    package enum Step: Sendable, Equatable {
        /// Writes these octets at once.
        case send([UInt8])
        /// Finds that no final answer has come to what was sent so far.
        case wait
        /// Ends its side of the connection.
        case finish

        /// The octets that this step writes.
        package var octets: [UInt8] {
            if case .send(let octets) = self { octets } else { [] }
        }
    }

    /// The name of the row, such as `CL-21`.
    package let id: String
    /// What the parser makes of the octets: `request`, `continue`, `more`, `none`, or the status of a refusal.
    package let parserOutcomes: [String]
    /// The statuses that the server answers; `100?` may come or not, `none` is no answer.
    package let answers: [String]
    /// Whether the connection takes another request behind the last answer.
    package let keepsConnection: Bool
    /// What the client does, in order.
    package let steps: [Step]

    /// The name of the row.
    package var description: String { id }

    /// All octets that the client sends, in one piece.
    package var octets: [UInt8] {
        steps.flatMap { $0.octets }
    }

    /// Every row, in the order of the file.
    package static let all = rows(of: "wire-cases.tsv").map { WireCase(line: $0) }

    /// Returns the lines of a table beside this file, without its comments.
    static func rows(of name: String) -> [Substring] {
        let path = #filePath.split(separator: "/").dropLast().joined(separator: "/")
        guard let contents = FileManager.default.contents(atPath: "/\(path)/\(name)") else {
            preconditionFailure("\(name) must lie beside this file.")
        }
        let lines = String(decoding: contents, as: UTF8.self).split(separator: "\n")
        return lines.filter { !$0.hasPrefix("# ") }
    }

    private init(line: Substring) {
        let columns = line.split(separator: "\t", omittingEmptySubsequences: false)
        precondition(columns.count == 5, "Five columns are due in: \(line)")
        id = String(columns[0])
        parserOutcomes = columns[1].split(separator: ",").map(String.init)
        answers = columns[2].split(separator: ",").map(String.init)
        keepsConnection = columns[3] == "keep"
        var script = WireScript(columns[4])
        steps = script.run()
    }
}

/// Reads the last column of a row.
struct WireScript {
    private var rest: Substring.UTF8View.SubSequence
    private var steps: [WireCase.Step] = []
    private var piece: [UInt8] = []

    init(_ text: Substring) {
        rest = text.utf8[...]
    }

    mutating func run() -> [WireCase.Step] {
        while let octet = rest.popFirst() {
            switch octet {
            case UInt8(ascii: "\\"): piece.append(escaped())
            case UInt8(ascii: "{"): command()
            default: piece.append(octet)
            }
        }
        flush()
        return steps
    }

    private mutating func flush() {
        if !piece.isEmpty { steps.append(.send(piece)) }
        piece = []
    }

    private mutating func escaped() -> UInt8 {
        switch rest.popFirst() {
        case UInt8(ascii: "r"): return 0x0D
        case UInt8(ascii: "n"): return 0x0A
        case UInt8(ascii: "t"): return 0x09
        case UInt8(ascii: "x"):
            let digits = String(rest.prefix(2)) ?? ""
            rest = rest.dropFirst(2)
            return UInt8(digits, radix: 16) ?? 0
        case let octet: return octet ?? 0
        }
    }

    /// Reads `{cut}`, `{wait}`, `{fin}` or `{count*text}`; a brace that begins none of them is itself.
    private mutating func command() {
        for (name, step) in [("cut}", nil), ("wait}", .wait), ("fin}", .finish)] as [(String, WireCase.Step?)]
        where rest.starts(with: name.utf8) {
            rest = rest.dropFirst(name.utf8.count)
            flush()
            if let step { steps.append(step) }
            return
        }
        let digits = rest.prefix { (0x30...0x39).contains($0) }
        guard rest[digits.endIndex...].first == UInt8(ascii: "*"), let count = String(digits).flatMap({ Int($0) }),
            let end = rest.firstIndex(of: UInt8(ascii: "}"))
        else {
            return piece.append(UInt8(ascii: "{"))
        }
        var text = WireScript(Substring(rest[digits.endIndex..<end].dropFirst()))
        rest = rest[end...].dropFirst()
        if case .send(let octets)? = text.run().first {
            for _ in 0..<count { piece.append(contentsOf: octets) }
        }
    }
}
