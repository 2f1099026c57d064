/// What can be wrong with a call before its method has a say.
package enum CallFailure: Error, Equatable, Sendable {
    /// A message that is none of protobuf.
    case malformed(ProtobufError)
    /// `grpc-timeout` is not up to eight digits and a unit.
    case malformedTimeout(String)
    /// The time that the client gave is over.
    case deadlineExceeded
    /// A message that is due and did not come, or did not go on.
    case stalled
    /// The first octet of a message is neither 0 nor 1.
    case reservedFlag(UInt8)
    /// The content ends within a message.
    case cutMessage(expected: Int, got: Int)
    /// A compressed message that its coding does not explain.
    case corruptCompression(MessageCoding)
    /// A compressed message, and no word of how.
    case unnamedCompression
    /// A coding that is not served.
    case unknownCoding(String)
    /// More octets than a message may have.
    case tooLarge(limit: Int, got: Int?)
    /// None or two messages where one is due.
    case messageCount(Int)
    /// No such method.
    case unknownMethod(String)
    /// A service of whose health nothing is known.
    case unknownService(String)
    /// The server has no room for more of the messages that come.
    case overloaded
    /// The server goes down.
    case goingDown
    /// The client waits no longer.
    case abandoned

    package var code: StatusCode {
        switch self {
        case .malformed, .malformedTimeout, .reservedFlag, .cutMessage, .corruptCompression: .invalidArgument
        case .deadlineExceeded, .stalled: .deadlineExceeded
        case .unnamedCompression: .internalError
        case .unknownCoding, .messageCount, .unknownMethod: .unimplemented
        case .tooLarge: .resourceExhausted
        case .unknownService: .notFound
        case .overloaded, .goingDown: .unavailable
        case .abandoned: .cancelled
        }
    }

    /// What is wrong, in a sentence.
    package var message: String {
        switch self {
        case .malformed(let error): "the request is not a message of protobuf: \(error.message)"
        case .malformedTimeout(let text):
            "grpc-timeout must be up to 8 digits and one of H, M, S, m, u and n, got '\(text.prefix(32))'"
        case .deadlineExceeded: "the time that grpc-timeout gives is over"
        case .stalled: "a message did not come whole in time"
        case .reservedFlag(let flag): "the first octet of a message must be 0 or 1, got \(flag)"
        case .cutMessage(let expected, let got):
            "the content ends within a message: expected \(expected) octets, got \(got)"
        case .corruptCompression(let coding): "the message is not \(coding.rawValue)"
        case .unnamedCompression: "the message is compressed, and grpc-encoding does not say how"
        case .unknownCoding(let name):
            "grpc-encoding '\(name.prefix(32))' is not served, expected one of \(MessageCoding.all)"
        case .tooLarge(let limit, let got):
            "a message may have \(limit) octets, got \(got.map(String.init) ?? "more")"
        case .messageCount(let count): "expected one message, got \(count == 0 ? "none" : "\(count)")"
        case .unknownMethod(let path): "there is no method '\(path.prefix(256))'; reflection lists those that there are"
        case .unknownService(let name): "there is no service '\(name.prefix(256))'"
        case .overloaded: "the server is overloaded"
        case .goingDown: "the server is going down"
        case .abandoned: "the client has gone"
        }
    }
}
