/// The grammar of a request as a table of states: for each octet, the next state.
///
/// Written from the standards and not from the parser, so that the two can disagree.
struct ReferenceTable: Sendable {
    /// The rows: a state, and behind it pairs of a class of octets and the next state.
    ///
    /// What no class names is an error.
    private static let rows = """
        start        tchar method        CR emptyLine
        emptyLine    LF start
        method       tchar method        SP targetStart
        targetStart  uri target
        target       uri target          SP version0
        version0     visible version1    CR lineEnd
        version1     visible version2    CR lineEnd
        version2     visible version3    CR lineEnd
        version3     visible version4    CR lineEnd
        version4     visible version5    CR lineEnd
        version5     visible version6    CR lineEnd
        version6     visible version7    CR lineEnd
        version7     visible version8    CR lineEnd
        version8     CR lineEnd
        lineEnd      LF fieldStart
        fieldStart   tchar name          CR sectionEnd
        name         tchar name          colon space
        space        blank space         text value        CR valueEnd
        value        blank value         text value        CR valueEnd
        valueEnd     LF fieldStart
        sectionEnd   LF done
        sizeStart    hex size
        size         hex size            CR sizeEnd        semicolon extension   blank separator
        separator    blank separator     semicolon extension
        extension    blank extension     tchar extName
        extName      tchar extName       CR sizeEnd        semicolon extension   blank afterName   equals extValue
        afterName    blank afterName     semicolon extension   equals extValue
        extValue     blank extValue      tchar token       quote quoted
        token        tchar token         CR sizeEnd        semicolon extension   blank separator
        quoted       quote afterQuoted   backslash escaped blank quoted          text quoted
        escaped      blank quoted        text quoted
        afterQuoted  CR sizeEnd          semicolon extension   blank separator
        sizeEnd      LF sizeDone
        dataEnd      CR dataLineEnd
        dataLineEnd  LF sizeStart
        """

    private static let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    private static let digits = "0123456789"

    /// The classes; an octet of several classes goes the way of the first that its row names.
    private static let classes: [Substring: Set<UInt8>] = [
        "CR": [0x0D], "LF": [0x0A], "SP": [0x20], "blank": [0x20, 0x09], "colon": [0x3A], "semicolon": [0x3B],
        "equals": [0x3D], "quote": [0x22], "backslash": [0x5C],
        "tchar": Set((letters + digits + "!#$%&'*+-.^_`|~").utf8),
        "uri": Set((letters + digits + "-._~:/?[]@!$&'()*+,;=%").utf8),
        "hex": Set((digits + "abcdefABCDEF").utf8),
        "visible": Set(0x21...0x7E),
        "text": Set(0x21...0x7E).union(0x80...0xFF),
    ]

    /// A row of the table.
    typealias State = Int

    /// For each state and octet the next state, or -1.
    private let next: [State]

    // The states that the parser looks out for.
    let start, emptyLine, targetStart, version0, lineEnd, fieldStart, name, value, done: State
    let sizeStart, size, sizeEnd, sizeDone, dataEnd: State

    static let shared = ReferenceTable()

    private init() {
        let rows = Self.rows.split(separator: "\n").map { $0.split(separator: " ") }
        let names = rows.map { $0[0] } + ["done", "sizeDone"]
        var next = [Int](repeating: -1, count: names.count * 256)
        for (state, row) in rows.enumerated() {
            for pair in stride(from: row.count - 2, to: 0, by: -2) {
                for octet in Self.classes[row[pair]] ?? [] {
                    next[state * 256 + Int(octet)] = names.firstIndex(of: row[pair + 1]) ?? -1
                }
            }
        }
        self.next = next
        func state(_ name: String) -> State { names.firstIndex { $0 == name } ?? -1 }
        (start, emptyLine, targetStart) = (state("start"), state("emptyLine"), state("targetStart"))
        (version0, lineEnd, fieldStart) = (state("version0"), state("lineEnd"), state("fieldStart"))
        (name, value, done) = (state("name"), state("value"), state("done"))
        (sizeStart, size, sizeEnd) = (state("sizeStart"), state("size"), state("sizeEnd"))
        (sizeDone, dataEnd) = (state("sizeDone"), state("dataEnd"))
    }

    /// Returns the state behind `octet` in `state`, or `nil` if it must not stand there.
    func next(_ state: State, _ octet: UInt8) -> State? {
        let next = next[state * 256 + Int(octet)]
        return next < 0 ? nil : next
    }
}
