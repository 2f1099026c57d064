public import Tensors

/// An error out of a child of a tree: where it happened, and what it was.
public struct InChildError: Error, CustomStringConvertible {
    /// The child's path from the module that was called, such as `encoder.0`.
    public let path: String
    /// The child's type.
    public let type: String
    /// What the child takes, such as `float32[*, 4]`; `nil` when it takes anything.
    public let expected: String?
    /// What it got, such as `float32[2, 5]`; `nil` when it was called without arguments.
    public let got: String?
    /// What went wrong.
    public let underlying: any Error

    func prefixed(by key: String) -> InChildError {
        InChildError(path: "\(key).\(path)", type: type, expected: expected, got: got, underlying: underlying)
    }

    /// PyTorch's text for what went wrong.
    public func message(_ compatibility: Compatibility = .current) -> String {
        callPathMessage(of: underlying, compatibility)
    }

    /// PyTorch's text, and where it happened.
    public var description: String {
        let facts = [expected.map { "expected \($0)" }, got.map { "got \($0)" }].compactMap(\.self)
        return "\(message()) (in \(path): \(([type] + facts).joined(separator: ", ")))"
    }
}

/// Returns PyTorch's text for an error of the call path, or the error's own description.
func callPathMessage(of error: any Error, _ compatibility: Compatibility) -> String {
    switch error {
    case let error as TensorError: error.message(compatibility)
    case let error as ModuleError: error.message(compatibility)
    case let error as InChildError: error.message(compatibility)
    case let error as InNodeError: error.message(compatibility)
    case let error as GraphProblem: error.message
    default: "\(error)"
    }
}
