import HTTPTypes
import Testing

@testable import HTTP

/// What a run of octets turned into, in a form that compares.
enum Outcome: Equatable, CustomStringConvertible {
    /// The words of the request line and the field lines, each with a line feed behind it, and the body.
    case request(head: [UInt8], body: [UInt8], keepsAlive: Bool)
    case refused(status: Int)
    case incomplete

    init(_ request: Request) {
        var head = Array("\(request.method.rawValue) \(request.target) \(request.version)\n".utf8)
        for line in request.fields.lines {
            head += request.fields.octets[line.name] + [0x3A] + request.fields.octets[line.value] + [0x0A]
        }
        self = .request(head: head, body: request.body, keepsAlive: request.keepsAlive)
    }

    var isRequest: Bool {
        if case .request = self { true } else { false }
    }

    var isRefusal: Bool {
        if case .refused = self { true } else { false }
    }

    /// Whether it is a request with content that came in chunks.
    var isChunkedRequest: Bool {
        guard case .request(let head, let body, _) = self, !body.isEmpty else { return false }
        return String(decoding: head, as: UTF8.self).lowercased().contains("transfer-encoding")
    }

    var description: String {
        switch self {
        case .request(let head, let body, let keepsAlive):
            "request(\(String(decoding: head + body, as: UTF8.self).debugDescription), keepsAlive: \(keepsAlive))"
        case .refused(let status): "refused(\(status))"
        case .incomplete: "incomplete"
        }
    }
}

/// Everything that a parser makes of a connection's octets.
struct Transcript: Equatable {
    private(set) var outcomes: [Outcome] = []
    /// What ended it early.
    private(set) var error: RequestError?
    /// How often the client was told to go on.
    private(set) var continueCount = 0

    /// Feeds `pieces` one after the other to a new parser, as a server does, and notes what comes out.
    init(of pieces: [[UInt8]], limits: ServerLimits = ServerLimits()) {
        var parser = RequestParser(limits: limits)
        do {
            for piece in pieces { try feed(piece.span, to: &parser) }
            if !parser.isIdle { outcomes.append(.incomplete) }
        } catch {
            self.error = error
            outcomes.append(.refused(status: error.status.code))
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
