package import Models

/// What the registry refuses, as facts; the words for them are in `message`.
package enum ServingError: Error, Equatable {
    // What does not exist.
    case unknownModule(String)
    case unknownVersion(module: String, version: Int, callable: [Int])
    case unknownParameter(module: String, key: String)
    case unknownPath(module: String, path: String)
    case unknownHook(Int)

    // What clashes with what is there.
    case nameTaken(String)
    case inUse(String, by: [String])
    case staleVersion(module: String, expected: [Int], current: Int)
    case mustNotExist(String, current: Int)
    case versionExcluded(module: String, current: Int)

    // What is wrong with a request.
    case invalidName(String)
    case invalidDescription(DescriptionProblem)
    case referenceCycle([String])
    case sizeMismatch(key: String, expected: [Int], got: [Int])
    case dtypeMismatch(key: String, expected: String, got: String)
    case stateDictMismatch(String)
    case noNone(key: String)
    case hookRefused(HookProblem)

    // What a hook found during a call.
    case assertionFailed(HookFinding)
    case captureTooLarge(limit: Int)

    // What a call says of the module's outputs.
    case unknownOutput(String)

    // What is too much.
    /// Where the request goes beyond, if that is one place: the components of a JSON pointer.
    case limitExceeded(LimitName, limit: Int, requested: Int?, at: [String]? = nil)
    case overloaded(retryAfter: Duration)
    case deadlineExpired
    case shuttingDown

    // What the store cannot do.
    /// A module that is not in memory, and for which there is no room or no descriptor at the moment.
    case notInMemory(String, reason: String)
    /// A module that cannot be read; `isChange` if somebody wanted to change it, which did not happen.
    case damagedModule(String, reason: String, isChange: Bool)
    /// There is no room for a change, and nothing has changed.
    case insufficientStorage(String)
    /// The store is broken; whether the change happened is unknown, or it did not.
    case storeFailed(String, isUnknown: Bool)
    /// The database of the store is out of reach; whether the change happened is unknown, or it did not.
    case storeUnavailable(String, isUnknown: Bool)
    /// What a client has seen elsewhere is not here yet.
    case replicaBehind
    /// What a client has seen was of another registry, or of this one's future.
    case unknownRevision(String)
}

extension ServingError {
    /// Creates the refusal of a description.
    init(_ problem: DescriptionProblem) {
        guard case .beyond(let name, let limit, let requested) = problem.fault else {
            self = .invalidDescription(problem)
            return
        }
        self = .limitExceeded(name, limit: limit, requested: requested, at: problem.pointer)
    }
}

extension ServingError {
    /// Whether the name is what is wrong with a description.
    package var isAboutName: Bool {
        switch self {
        case .invalidName, .nameTaken: true
        default: false
        }
    }

    /// The text for people, PyTorch's own where it has one.
    package var message: String {
        switch self {
        case .unknownModule(let name): "no module is named '\(name)'"
        case .unknownVersion(let module, let version, let callable):
            "module '\(module)' has no version \(version) any more or yet; callable are \(Self.list(callable))"
        case .unknownParameter(let module, let key): "module '\(module)' has no parameter or buffer '\(key)'"
        case .unknownPath(let module, let path): "module '\(module)' has no module at '\(path)'"
        case .unknownHook(let id): "there is no hook \(id) here"
        case .nameTaken(let name): "a module named '\(name)' exists"
        case .inUse(let name, let users): "module '\(name)' is used by \(users.joined(separator: ", "))"
        case .staleVersion(let module, let expected, let current):
            "module '\(module)' is at version \(current), not "
                + (expected.isEmpty ? "at one that this server gave such a tag" : Self.list(expected))
        case .mustNotExist(let module, let current): "module '\(module)' exists, at version \(current)"
        case .versionExcluded(let module, let current): "module '\(module)' is at version \(current)"
        default: requestMessage
        }
    }

    private var requestMessage: String {
        switch self {
        case .invalidName(let name):
            "'\(name)' is not a valid name: one letter or digit, then up to 127 letters, digits, '.', '_' or '-'"
        case .invalidDescription(let problem): problem.message
        case .referenceCycle(let names): "references go in a circle: \(names.joined(separator: " -> "))"
        case .sizeMismatch(let key, let expected, let got):
            "size mismatch for \(key): copying a param with shape torch.Size(\(got)) from checkpoint, "
                + "the shape in current model is torch.Size(\(expected))."
        case .dtypeMismatch(let key, let expected, let got): "\(key) is torch.\(expected), got torch.\(got)"
        case .stateDictMismatch(let text): text
        case .noNone(let key): "\(key) cannot be None"
        case .hookRefused(let problem): problem.message
        default: callMessage
        }
    }

    private var callMessage: String {
        switch self {
        case .assertionFailed(let finding): finding.message
        case .unknownOutput(let name): "the module gives no output '\(name)' that a gradient could start from"
        case .captureTooLarge(let limit): "the hooks of one call may capture \(limit) bytes"
        case .limitExceeded(let name, let limit, let requested, _):
            name.message(limit: limit, requested: requested)
        case .overloaded: "the compute queue is full"
        case .deadlineExpired: "the time for this call was over before it began"
        case .shuttingDown: "the server is going down"
        case .notInMemory(let name, let reason): "module '\(name)' cannot be loaded at the moment: \(reason)"
        case .damagedModule(let name, let reason, _): "module '\(name)' is damaged: \(reason)"
        case .insufficientStorage(let reason), .storeFailed(let reason, _), .storeUnavailable(let reason, _): reason
        case .replicaBehind: "this replica has not seen yet what Callpath-Minimum-Revision or If-Match names"
        case .unknownRevision(let revision): "'\(revision)' is no revision of this registry"
        default: "refused"
        }
    }

    private static func list(_ versions: [Int]) -> String {
        versions.map(String.init).joined(separator: ", ")
    }
}
