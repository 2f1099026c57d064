import Tensors

/// A function of `torch` or `torch.nn.functional` that a graph can call, declared once: its name, its parameters as PyTorch
/// lists them, what it does, and what is known of its result before a call.
///
/// To add one, write its declaration into the file of its family, and its name into that file's list:
///
///     static let cumsum = FunctionType("cumsum", "input, dim, *, dtype=None", spec: .sameShape(promotes: true)) { call in
///         .tensor(try call.tensor(0).cumsum(dim: call.int(1), dtype: call.optionalDType(2)))
///     }
///
/// - The parameters are Python's: `*` begins those given by name only, `*size` gathers the rest of those given by position.
/// - Arguments come in the order of the parameters, with defaults filled in; `FunctionCall` reads them and throws PyTorch's
///   text when one is of the wrong kind.
/// - Without a `spec` nothing is known of the result, and calls of a graph with the function are never joined.
/// - A function that draws random numbers says so, and takes them from `call.generator`.
/// - A function that takes indices names their places, so that lists of numbers without a dtype are read as int64.
public final class FunctionType: Sendable {
    /// What computes the result.
    enum Body: Sendable {
        /// Of the first argument, a tensor; the others change nothing.
        case unary(@Sendable (Tensor) throws -> Tensor)
        case any(@Sendable (borrowing FunctionCall) throws -> Value)
    }

    /// PyTorch's name.
    public let name: String
    /// The parameters in order.
    public let parameters: [CallParameter]
    /// The parameter that gathers the rest of the arguments given by position: its index.
    let gathering: Int?
    /// Whether it draws from the generator of the call.
    public let isRandom: Bool
    let body: Body
    /// What computes the result of two tensors, where all else is at its default: without a list of arguments.
    let pair: (@Sendable (Tensor, Tensor) throws -> Tensor)?
    /// What gives, for arguments of which the first is not known yet, the function of that alone: for functions that cost
    /// no more than to read their arguments.
    private let partial: Partial?
    let spec: SpecRule
    /// The parameters that are tensors of indices: their places.
    let indices: Set<Int>
    /// What it does, if that is one step for each number of a channel.
    let channelStep: ChannelStep?

    typealias Partial = @Sendable (borrowing FunctionCall) throws -> @Sendable (Tensor) throws -> Tensor

    /// Declares a function.
    /// - Parameter parameters: As Python lists them, such as `"input, dim=None, keepdim=False, *, dtype=None"`.
    init(
        _ name: String,
        _ parameters: String,
        isRandom: Bool = false,
        indices: Set<Int> = [],
        spec: SpecRule = .unknown,
        pair: (@Sendable (Tensor, Tensor) throws -> Tensor)? = nil,
        partial: Partial? = nil,
        body: @escaping @Sendable (borrowing FunctionCall) throws -> Value
    ) {
        self.pair = pair
        self.partial = partial
        let signature = FunctionSignature(parameters)
        self.name = name
        self.parameters = signature.parameters
        gathering = signature.gathering
        self.isRandom = isRandom
        self.spec = spec
        self.indices = indices
        channelStep = nil
        self.body = .any(body)
    }

    /// Declares a function of one tensor that works on each element by itself.
    init(
        elementwise name: String,
        _ parameters: String = "input",
        spec: SpecRule = .activation,
        channelStep: ChannelStep? = nil,
        body: @escaping @Sendable (Tensor) throws -> Tensor
    ) {
        let signature = FunctionSignature(parameters)
        self.name = name
        self.parameters = signature.parameters
        gathering = nil
        isRandom = false
        pair = nil
        partial = nil
        self.spec = spec
        indices = []
        self.channelStep = channelStep
        self.body = .unary(body)
    }

    var isUnary: Bool {
        if case .unary = body { true } else { false }
    }

    /// Returns the function of its first argument alone that `rest` makes of it; `nil` where a call must read them all.
    func unary(with rest: [Value]) -> (@Sendable (Tensor) throws -> Tensor)? {
        switch body {
        case .unary(let body): body
        // What is wrong with an argument is said by the call.
        case .any: try? partial?(FunctionCall(type: self, values: .all([.none] + rest)))
        }
    }

    /// Returns the defaults of the parameters from `index` on.
    func defaults(from index: Int) -> [Value] { parameters.dropFirst(index).map { $0.defaultValue ?? .none } }

    /// Calls the function with `values` for its parameters.
    func callAsFunction(_ values: [Value]) throws -> Value {
        switch body {
        case .unary(let body):
            guard case .tensor(let tensor)? = values.first else {
                if let number = values.first?.asNumber, let result = number.applying(name) { return result }
                throw FunctionCall(type: self, values: .all(values)).mismatch(0, "Tensor")
            }
            return .tensor(try body(tensor))
        case .any(let body):
            return try body(FunctionCall(type: self, values: .all(values)))
        }
    }
}
