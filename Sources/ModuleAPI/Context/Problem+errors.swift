import HTTP
import HTTPTypes
package import JSON
import Metrics
package import Models
package import NN
package import Safetensors
package import Serving
package import Tensors
package import Web

/// From the facts of an error to an answer.
extension Problem {
    /// Creates the problem that `error` is for a client, in the words of the PyTorch whose rules a module follows.
    package init(_ error: any Error, compatibility: Compatibility) {
        switch error {
        case let error as TensorError: self.init(ProblemCode(error.fault), error.message(compatibility))
        case let error as ModuleError: self.init(ProblemCode(error.fault), error.message(compatibility))
        case let error as InChildError: self.init(error, compatibility)
        case let error as InNodeError: self.init(error, compatibility)
        case let error as HookFailure: self.init(error, compatibility)
        default: self.init(error)
        }
    }

    fileprivate init(_ error: InChildError, _ compatibility: Compatibility) {
        self.init(error.underlying, compatibility: compatibility)
        module = error.path
        moduleType = error.type
        // What the module takes is no news where a hook went wrong.
        guard !(error.underlying is HookFailure) else { return }
        expected = error.expected.map { .string($0) } ?? expected
        got = error.got.map { .string($0) } ?? got
    }

    fileprivate init(_ error: InNodeError, _ compatibility: Compatibility) {
        self.init(error.underlying, compatibility: compatibility)
        node = node ?? error.node
    }

    fileprivate init(_ error: HookFailure, _ compatibility: Compatibility) {
        self.init(error.underlying, compatibility: compatibility)
        module = error.module
        node = error.node
        if case .call(let index) = error.hook { pointer = DocumentProblem.pointer(["hooks", String(index), "action"]) }
    }
}

extension Problem {
    fileprivate init(_ error: ServingError) {
        self.init(ProblemCode(error), error.message)
        switch error {
        case .overloaded(let retryAfter): fields[.retryAfter] = String(max(1, retryAfter.wholeSeconds))
        case .shuttingDown, .deadlineExpired, .notInMemory, .replicaBehind: fields[.retryAfter] = "1"
        case .invalidDescription(let problem): pointer = DocumentProblem.pointer(problem.pointer)
        case .hookRefused(let problem):
            pointer = DocumentProblem.pointer((problem.index.map { ["hooks", String($0)] } ?? []) + problem.pointer)
        case .sizeMismatch(_, let wanted, let came): (expected, got) = (Self.list(wanted), Self.list(came))
        case .dtypeMismatch(_, let wanted, let came): (expected, got) = (.string(wanted), .string(came))
        case .staleVersion(_, let wanted, let current): (expected, got) = (Self.list(wanted), Self.number(current))
        case .unknownPath: pointer = DocumentProblem.pointer(["module"])
        case .insufficientStorage: outcome = "unchanged"
        case .storeFailed(_, let isUnknown): outcome = isUnknown ? "unknown" : "unchanged"
        case .storeUnavailable(_, let isUnknown):
            fields[.retryAfter] = "1"
            outcome = isUnknown ? "unknown" : "unchanged"
        case .damagedModule(_, _, isChange: true): outcome = "unchanged"
        case .limitExceeded(let name, let limit, let requested, let place):
            (expected, got) = (Self.number(limit), requested.map(Self.number))
            pointer = place.map(DocumentProblem.pointer)
            if name == .listeners { fields[.retryAfter] = "1" }
        default: break
        }
    }

    private static func number(_ value: Int) -> JSONValue { .number(.int(Int64(value))) }

    private static func list(_ values: [Int]) -> JSONValue { .array(values.map(number)) }
}

extension Problem {
    fileprivate init(_ problem: DocumentProblem) {
        self.init(
            ProblemCode(problem.kind),
            problem.message,
            expected: problem.expected,
            got: problem.got,
            pointer: problem.pointer,
            offset: problem.offset
        )
    }
}

extension TensorError: ProblemConvertible {
    package var problem: Problem { Problem(ProblemCode(fault), message()) }
}

extension ModuleError: ProblemConvertible {
    package var problem: Problem { Problem(ProblemCode(fault), message()) }
}

extension InChildError: ProblemConvertible {
    package var problem: Problem { Problem(self, .current) }
}

extension InNodeError: ProblemConvertible {
    package var problem: Problem { Problem(self, .current) }
}

extension HookFailure: ProblemConvertible {
    package var problem: Problem { Problem(self, .current) }
}

extension ServingError: ProblemConvertible {
    package var problem: Problem { Problem(self) }
}

extension ModelFileError: ProblemConvertible {
    package var problem: Problem { Problem(ProblemCode(self), message) }
}

extension StateProblem: ProblemConvertible {
    package var problem: Problem {
        Problem(.dtypeMismatch, message, expected: .string(expected.rawValue), got: .string(got))
    }
}

extension SafetensorsError: ProblemConvertible {
    package var problem: Problem { Problem(.malformedSafetensors, message) }
}

extension DocumentProblem: ProblemConvertible {
    package var problem: Problem { Problem(self) }
}

extension JSONError: ProblemConvertible {
    package var problem: Problem { DocumentProblem(self).problem }
}
