import OrderedCollections
import Synchronization
import Tensors

@testable import NN

/// What happened, in order, gathered by hooks.
final class Log: Sendable {
    private let entries = Mutex<[String]>([])

    var all: [String] { entries.withLock { $0 } }

    func append(_ entry: String) { entries.withLock { $0.append(entry) } }

    func clear() { entries.withLock { $0 = [] } }
}

/// The failure that tests throw.
struct Failure: Error, Equatable, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// The user's module of the numbered cases: `x * scale`, where scale is 1 unless given.
final class Scaling: Module {
    private let log: Log
    private let failure: (any Error)?

    init(_ log: Log = Log(), failing failure: (any Error)? = nil) {
        self.log = log
        self.failure = failure
    }

    override func forward(_ arguments: Arguments) throws -> Tensor {
        log.append("forward")
        if let failure { throw failure }
        var arguments = arguments
        let scale = try arguments.keyword.removeValue(forKey: "scale") ?? positionalScale(&arguments)
        let input = try arguments.bound(to: "x", in: self)[0]
        return try input * scale
    }

    private func positionalScale(_ arguments: inout Arguments) throws -> Tensor {
        guard arguments.positional.count == 2 else { return try vector(1) }
        return arguments.positional.removeLast()
    }

    override var typeName: String { "Fwd" }
    override func emptyCopy() throws -> Module { Scaling(log, failing: failure) }
}

func vector(_ numbers: Float...) throws -> Tensor { try Tensor(numbers) }

extension Tensor {
    var floats: [Float] { scalars(as: Float.self) }
}

/// The input of the numbered cases.
func ones() throws -> Tensor { try vector(1, 1) }
