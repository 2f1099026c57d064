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

    /// The piece that is sent, of which `sent` octets are.
    private var piece: Piece?
    private var sent = 0
    /// Those behind it; the first are taken.
    private var later: [Piece] = []
    private var takenCount = 0
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
        if self.piece == nil { self.piece = piece } else { later.append(piece) }
        count += piece.count
        heldCount += piece.count
    }

    /// Moves the first `total` octets to the end of `output`.
    mutating func move(_ total: Int, to output: inout [UInt8]) {
        var rest = min(total, count)
        count -= rest
        while rest > 0, let piece {
            let step = min(rest, piece.count - sent)
            piece.withBytes { output.append(contentsOf: UnsafeRawBufferPointer(rebasing: $0[sent..<sent + step])) }
            sent += step
            rest -= step
            guard sent == piece.count else { break }
            heldCount -= piece.count
            sent = 0
            self.piece = takeLater()
        }
    }

    private mutating func takeLater() -> Piece? {
        guard takenCount < later.count else { return nil }
        let piece = later[takenCount]
        later[takenCount] = .bytes([])
        takenCount += 1
        if takenCount == later.count {
            later.removeAll(keepingCapacity: true)
            takenCount = 0
        }
        return piece
    }

    /// Lets go of all that waits.
    mutating func drop() {
        self = OutgoingContent()
        isComplete = true
    }
}
