import HTTP

/// The content of an answer, as far as its client has not taken it.
struct OutgoingContent {
    private enum Piece {
        case bytes([UInt8])
        case shared(SharedBytes)

        var count: Int {
            switch self {
            case .bytes(let bytes): bytes.count
            case .shared(let shared): shared.buffer.count
            }
        }

        func withBytes(_ body: (UnsafeRawBufferPointer) -> Void) {
            switch self {
            case .bytes(let bytes): bytes.withUnsafeBytes(body)
            case .shared(let shared): body(shared.buffer)
            }
        }
    }

    private var pieces: [Piece] = []
    private var first = 0
    private var sent = 0
    /// The octets that wait.
    private(set) var count = 0
    /// The octets in memory: a piece stays whole until its last octet is sent.
    private(set) var heldCount = 0
    /// Whether no more will come.
    var isComplete = false

    mutating func append(_ bytes: [UInt8]) {
        if !bytes.isEmpty { append(.bytes(bytes)) }
    }

    mutating func append(_ shared: SharedBytes) {
        if !shared.buffer.isEmpty { append(.shared(shared)) }
    }

    private mutating func append(_ piece: Piece) {
        pieces.append(piece)
        count += piece.count
        heldCount += piece.count
    }

    /// Moves the first `total` octets to the end of `output`.
    mutating func move(_ total: Int, to output: inout [UInt8]) {
        var rest = min(total, count)
        count -= rest
        while rest > 0, first < pieces.count {
            let piece = pieces[first]
            let step = min(rest, piece.count - sent)
            piece.withBytes { output.append(contentsOf: UnsafeRawBufferPointer(rebasing: $0[sent..<sent + step])) }
            sent += step
            rest -= step
            guard sent == piece.count else { break }
            pieces[first] = .bytes([])
            heldCount -= piece.count
            first += 1
            sent = 0
        }
        guard first == pieces.count else { return }
        pieces.removeAll(keepingCapacity: true)
        first = 0
    }

    /// Lets go of all that waits.
    mutating func drop() {
        self = OutgoingContent()
        isComplete = true
    }
}
