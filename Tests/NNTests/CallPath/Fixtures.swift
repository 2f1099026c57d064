import OrderedCollections
import Synchronization
import Tensors

@testable import NN

/// What happened, in order, gathered by hooks.
final class Log: Sendable {
    private let entries = Mutex<[String]>([])

    var all: [String] { entries.withLock { $0 } }

    func append(_ entry: String) { entries.withLock { $0.append(entry) } }

    /// A forward-pre hook that notes `entry`.
    func pre(_ entry: String) -> ForwardPreHook {
        { _, _ in
            self.append(entry)
            return nil
        }
    }

    /// A forward hook that notes `entry`.
    func post(_ entry: String) -> ForwardHook {
        { _, _, _ in
            self.append(entry)
            return nil
        }
    }

    /// An always called hook that notes `entry` and the output.
    func always(_ entry: String) -> AlwaysCalledForwardHook {
        { _, inputs, output in
            self.append("\(entry) \(inputs.map(\.floats)) \(output.map { "\($0.floats)" } ?? "None")")
            return nil
        }
    }
}

/// One value that hooks set and tests read.
final class Box<Value: Sendable>: Sendable {
    private let content: Mutex<Value>

    init(_ value: Value) { content = Mutex(value) }

    var value: Value {
        get { content.withLock { $0 } }
        set { content.withLock { $0 = newValue } }
    }
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

    override func forward(_ arguments: Arguments) throws -> NN.Value {
        log.append("forward")
        if let failure { throw failure }
        let hasScale = arguments.positional.count == 2 || arguments.keyword["scale"] != nil
        guard hasScale else { return try .tensor(arguments.bound(to: "x", in: self)[0] * 1) }
        let inputs = try arguments.bound(to: "x", "scale", in: self)
        return try .tensor(inputs[0] * inputs[1])
    }

    override var typeName: String { "Fwd" }
    override func emptyCopy() throws -> Module { Scaling(log, failing: failure) }
}

func vector(_ numbers: Float...) throws -> Tensor { try Tensor(numbers) }

/// The input of the numbered cases.
func ones() throws -> Tensor { try vector(1, 1) }

/// The call `x, scale=2.0` of the numbered cases.
func scaled(by scale: Float) throws -> Arguments {
    try Arguments([ones()], keyword: ["scale": vector(scale)])
}

/// The linear layer of the numbered cases: `lin(ones()) == [3.5, 6.5]`.
func linear(bias: Bool = true) throws -> Linear {
    let layer = try Linear(inFeatures: 2, outFeatures: 2, bias: bias)
    layer.weight?.tensor = try Tensor([1, 2, 3, 4] as [Float], shape: [2, 2])
    if bias { layer.bias?.tensor = try vector(0.5, -0.5) }
    return layer
}

extension Tensor {
    var floats: [Float] { scalars(as: Float.self) }
}

extension NN.Value {
    /// The numbers of the tensors inside.
    var floats: [Float] { tensors.flatMap(\.floats) }
}

/// A context in which no global hook runs, whatever other tests register.
func quietContext(
    tracer: Tracer? = nil,
    hooks: CallHooks = CallHooks(),
    compatibility: Compatibility = .current
) -> CallContext {
    CallContext(
        tracer: tracer,
        hooks: hooks,
        globalHooks: HookSnapshot(hooks: HookList()),
        compatibility: compatibility
    )
}
