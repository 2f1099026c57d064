import HTTPTypes
import Testing

@testable import HTTP

/// What a run of octets turned into, in a form that compares.
enum Outcome: Equatable, CustomStringConvertible {
    case request(String, body: [UInt8], keepsAlive: Bool)
    case refused(RequestError)
    case incomplete

    init(_ request: Request) {
        let fields = request.fields.pairs.map { "\($0.name): \($0.value)" }.joined(separator: "\n")
        let head = "\(request.method.rawValue) \(request.target) \(request.version)\n\(fields)"
        self = .request(head, body: request.body, keepsAlive: request.keepsAlive)
    }

    var description: String {
        switch self {
        case .request(let head, let body, let keepsAlive): "request(\(head), \(body.count) octets, \(keepsAlive))"
        case .refused(let error): "refused(\(error))"
        case .incomplete: "incomplete"
        }
    }
}

/// Everything that a parser makes of a connection's octets.
struct Transcript: Equatable {
    var outcomes: [Outcome] = []
    /// How often the client was told to go on.
    var continueCount = 0

    /// Feeds `pieces` one after the other to a new parser, as a server does, and notes what comes out.
    init(of pieces: [[UInt8]], limits: ServerLimits = ServerLimits()) {
        var parser = RequestParser(limits: limits)
        do {
            for piece in pieces { try feed(piece.span, to: &parser) }
            if !parser.isIdle { outcomes.append(.incomplete) }
        } catch {
            outcomes.append(.refused(error))
        }
    }

    private mutating func feed(_ piece: Span<UInt8>, to parser: inout RequestParser) throws(RequestError) {
        var start = 0
        while start < piece.count {
            let (event, byteCount) = try parser.consume(piece.extracting(start...))
            start += byteCount
            switch event {
            case .request(let request): outcomes.append(Outcome(request))
            case .wantsContinue: continueCount += 1
            case .needsMore: #expect(start == piece.count)
            }
        }
    }
}
