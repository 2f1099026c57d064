/// Reads a section of a message that must stand in one piece, such as a head.
///
/// It keeps its place, so that no octet is looked at twice however many pieces the section comes in.
protocol SectionScanner: Sendable {
    /// The number of octets read so far.
    var position: Int { get }
    /// Reads on from `position` in `octets`, which begin where the section begins.
    /// - Returns: Whether the section ends at `position`.
    mutating func scan(_ octets: Span<UInt8>) throws(RequestError) -> Bool
}

/// Gathers the pieces of a section until its scanner finds the end.
///
/// A section that comes whole is read where it lies and copied once.
struct Gathered<Scanner: SectionScanner>: Sendable {
    var scanner: Scanner
    /// The octets of an unfinished section, or of one that was refused.
    private(set) var held: [UInt8] = []
    private let limit: Int
    private let overflow: RequestError

    /// Creates the start of a section that is an `overflow` beyond `limit` octets.
    init(_ scanner: Scanner, limit: Int, overflow: RequestError) {
        self.scanner = scanner
        self.limit = limit
        self.overflow = overflow
    }

    /// Whether no octet of the section has come.
    var isEmpty: Bool { scanner.position == 0 }

    /// Keeps a section that is complete but refused for what it says, so that its start can still be asked for.
    mutating func hold(_ section: [UInt8]) {
        held = section
    }

    /// Eats `input` up to the end of the section.
    /// - Returns: How many octets were eaten, and the whole section once it is complete.
    mutating func consume(_ input: Span<UInt8>) throws(RequestError) -> (byteCount: Int, section: [UInt8]?) {
        let before = held.count
        let piece = input.extracting(first: min(input.count, limit - before))
        if before == 0, try scanOrHold(piece) {
            return (scanner.position, input.extracting(first: scanner.position).copied())
        }
        held.append(piece)
        let octets = held
        if before > 0, try scanner.scan(octets.span) {
            held = []
            return (scanner.position - before, octets.span.extracting(first: scanner.position).copied())
        }
        guard held.count < limit else { throw overflow }
        return (piece.count, nil)
    }

    /// Reads the first piece where it lies; it is kept if it is refused, so that its start can still be asked for.
    private mutating func scanOrHold(_ piece: Span<UInt8>) throws(RequestError) -> Bool {
        do throws(RequestError) {
            return try scanner.scan(piece)
        } catch {
            held.append(piece)
            throw error
        }
    }
}

extension Array where Element == UInt8 {
    /// Appends the octets of `span`.
    mutating func append(_ span: Span<UInt8>) {
        span.withUnsafeBufferPointer { append(contentsOf: $0) }
    }
}
