package import JSON
package import Tensors

/// What is wrong with a document that a client sent, or cannot be written in one, and where.
package struct DocumentProblem: Error, Equatable, Sendable {
    /// The ways in which a document can be wrong.
    package enum Kind: Equatable, Sendable {
        // It cannot be read.
        case malformedJSON
        case duplicateKey
        case valueOutOfRange
        // It can be read, and says something else than it should.
        case unknownField
        case missingField
        case invalidField
        case invalidArgument
        case invalidTensor
        case invalidHook
        case invalidCall
        case tensor(TensorError)
        case limit(LimitName)
        // It cannot be written.
        case notFinite
        case answerTooLarge
    }

    /// What is wrong.
    package var kind: Kind
    /// The text for people, PyTorch's own where it has one.
    package var message: String
    /// What would have been right.
    package var expected: JSONValue?
    /// What came instead.
    package var got: JSONValue?
    /// Where in the document the offending value stands (RFC 6901).
    package var pointer: String?
    /// Where in the text it stands, in bytes, if the text could not be read.
    package var offset: Int?

    package init(
        _ kind: Kind,
        _ message: String,
        expected: JSONValue? = nil,
        got: JSONValue? = nil,
        pointer: String? = nil,
        offset: Int? = nil
    ) {
        self.kind = kind
        self.message = message
        self.expected = expected
        self.got = got
        self.pointer = pointer
        self.offset = offset
    }

    /// Creates the problem of a text that is no JSON, or of JSON that is not what was asked for.
    package init(_ error: JSONError, pointer: String? = nil) {
        self.init(.malformedJSON, error.description, offset: error.offset)
        switch error.reason {
        case .duplicateKey: (kind, self.pointer) = (.duplicateKey, pointer)
        case .numberOutOfRange: (kind, self.pointer) = (.valueOutOfRange, pointer)
        case .kindMismatch(let expected, let got):
            (kind, self.pointer) = (.invalidField, pointer)
            (self.expected, self.got) = (.string(expected.rawValue), .string(got.rawValue))
        case .unexpected, .trailingText, .byteOrderMark, .tooDeep, .keyTooLong, .invalidUTF8, .loneSurrogate,
            .controlCharacter, .invalidEscape:
            break
        }
    }

    /// Creates the problem of a document that goes beyond a limit.
    package init(_ limit: LimitName, _ most: Int, pointer: String) {
        self.init(.limit(limit), limit.message(limit: most, requested: nil), pointer: pointer)
        expected = .number(.int(Int64(most)))
    }

    /// Returns components as a JSON pointer (RFC 6901).
    package static func pointer(_ components: [String]) -> String {
        components.map { component in
            var escaped = "/"
            for character in component {
                switch character {
                case "~": escaped += "~0"
                case "/": escaped += "~1"
                default: escaped.append(character)
                }
            }
            return escaped
        }.joined()
    }
}
