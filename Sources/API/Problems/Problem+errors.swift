import HTTP
import HTTPTypes
import JSON
import NN
import Safetensors
import Serving
package import Tensors

/// From the facts of an error to an answer.
extension Problem {
    /// Creates the problem that `error` is for a client, in the words of the PyTorch whose rules a module follows.
    package init(_ error: any Error, compatibility: Compatibility = .current) {
        switch error {
        case let problem as Problem: self = problem
        case let error as JSONError: self.init(error, pointer: nil)
        case let error as ServingError: self.init(error)
        case let error as TensorError: self.init(ProblemCode(error), error.message(compatibility))
        case let error as ModuleError: self.init(ProblemCode(error), error.message(compatibility))
        case let error as InChildError: self.init(error, compatibility)
        case let error as HookFailure: self.init(error, compatibility)
        case let error as InferenceError: self.init(error)
        case let error as ModelFileError: self.init(ProblemCode(error), error.message)
        case let error as SafetensorsError: self.init(.malformedSafetensors, error.message)
        case let error as ContentCodingError: self.init(error)
        case is CancellationError: self.init(.draining, "The server is going down.", fields: [.retryAfter: "1"])
        default: self.init(.internalError, "This is a defect of the server; its log says more.")
        }
    }

    /// Creates the problem of a text that is no JSON, or of JSON that is not what was asked for.
    init(_ error: JSONError, pointer: String?) {
        switch error.reason {
        case .duplicateKey: self.init(.duplicateKey, error.description, pointer: pointer, offset: error.offset)
        case .numberOutOfRange: self.init(.valueOutOfRange, error.description, pointer: pointer, offset: error.offset)
        case .kindMismatch(let expected, let got):
            self.init(
                .invalidField,
                error.description,
                expected: .string(expected.rawValue),
                got: .string(got.rawValue),
                pointer: pointer,
                offset: error.offset
            )
        case .unexpected, .trailingText, .byteOrderMark, .tooDeep, .keyTooLong, .invalidUTF8, .loneSurrogate,
            .controlCharacter, .invalidEscape:
            self.init(.malformedJSON, error.description, offset: error.offset)
        }
    }

    private init(_ error: InChildError, _ compatibility: Compatibility) {
        self.init(error.underlying, compatibility: compatibility)
        module = error.path
        moduleType = error.type
        // What the module takes is no news where a hook went wrong.
        guard !(error.underlying is HookFailure) else { return }
        expected = error.expected.map { .string($0) } ?? expected
        got = error.got.map { .string($0) } ?? got
    }

    private init(_ error: HookFailure, _ compatibility: Compatibility) {
        self.init(error.underlying, compatibility: compatibility)
        module = error.module
        if case .call(let index) = error.hook { pointer = Self.pointer(["hooks", String(index), "action"]) }
    }

    private init(_ error: ContentCodingError) {
        switch error {
        case .unknownCoding:
            self.init(
                .unsupportedContentCoding,
                "Bodies may be coded as \(ContentCoding.all).",
                fields: [.acceptEncoding: ContentCoding.all]
            )
        case .corrupt: self.init(.malformedContentCoding, "The body is not what its Content-Encoding says.")
        case .tooLarge(let limit):
            self.init(.bodyTooLarge, "The decoded body is larger than \(limit) bytes.", expected: Self.number(limit))
        }
    }
}

extension Problem {
    private init(_ error: ServingError) {
        self.init(ProblemCode(error), error.message)
        switch error {
        case .overloaded(let retryAfter): fields[.retryAfter] = String(max(1, retryAfter.components.seconds))
        case .shuttingDown, .deadlineExpired: fields[.retryAfter] = "1"
        case .invalidDescription(let problem): pointer = Self.pointer(problem.pointer)
        case .hookRefused(let problem):
            pointer = Self.pointer((problem.index.map { ["hooks", String($0)] } ?? []) + problem.pointer)
        case .sizeMismatch(_, let wanted, let came): (expected, got) = (Self.list(wanted), Self.list(came))
        case .dtypeMismatch(_, let wanted, let came): (expected, got) = (.string(wanted), .string(came))
        case .staleVersion(_, let wanted, let current): (expected, got) = (Self.list(wanted), Self.number(current))
        case .unknownPath: pointer = Self.pointer(["module"])
        case .limitExceeded(let name, let limit, let requested, let place):
            (expected, got) = (Self.number(limit), requested.map(Self.number))
            pointer = place.map(Self.pointer)
            if name == .listeners { fields[.retryAfter] = "1" }
        default: break
        }
    }

    /// Returns components as a JSON pointer (RFC 6901).
    static func pointer(_ components: [String]) -> String {
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

    private static func number(_ value: Int) -> JSONValue { .number(.int(Int64(value))) }

    private static func list(_ values: [Int]) -> JSONValue { .array(values.map(number)) }
}
