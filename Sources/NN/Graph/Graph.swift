public import OrderedCollections

/// What a `forward` computes, as data: a list of nodes in the words of torch.fx, each of which refers to nodes before it.
public struct Graph: Sendable {
    /// What a node does.
    public enum Operation: Sendable {
        /// An input; without a default it must be given.
        case placeholder(defaultValue: Value?)
        /// A parameter or buffer, by its path from the module of the graph.
        case getAttribute(target: String)
        /// A call of a module, by its path.
        case callModule(target: String, Operands)
        /// A call of a function, by PyTorch's name.
        case callFunction(target: String, Operands)
        /// What `forward` returns.
        case output(Operand)

        /// The name of the operation in torch.fx.
        public var name: String {
            switch self {
            case .placeholder: "placeholder"
            case .getAttribute: "get_attr"
            case .callModule: "call_module"
            case .callFunction: "call_function"
            case .output: "output"
            }
        }
    }

    /// One step.
    public struct Node: Sendable {
        /// The name, which no other node has.
        public var name: String
        /// What it does.
        public var operation: Operation

        /// Creates a node.
        public init(_ name: String, _ operation: Operation) {
            self.name = name
            self.operation = operation
        }
    }

    /// The arguments of a call.
    public struct Operands: Sendable {
        /// Those given by position.
        public var positional: [Operand]
        /// Those given by name.
        public var named: OrderedDictionary<String, Operand>

        /// Creates the arguments of a call.
        public init(_ positional: [Operand] = [], named: OrderedDictionary<String, Operand> = [:]) {
            self.positional = positional
            self.named = named
        }
    }

    /// An argument: what a node gave, a value that is written out, or a container of them.
    public indirect enum Operand: Sendable {
        case node(String)
        case value(Value)
        case tuple([Operand])
        case list([Operand])
        case dictionary(OrderedDictionary<String, Operand>)
        case slice(start: Operand, stop: Operand, step: Operand)
    }

    /// The steps in order.
    public var nodes: [Node]

    /// Creates a graph; whether it can run is found when a `GraphModule` is made of it.
    public init(_ nodes: [Node]) {
        self.nodes = nodes
    }
}

extension Graph.Operand: ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByBooleanLiteral {
    /// Creates a whole number.
    public init(integerLiteral value: Int64) { self = .value(.integer(value)) }
    /// Creates a number with a point.
    public init(floatLiteral value: Double) { self = .value(.float(value)) }
    /// Creates a truth value.
    public init(booleanLiteral value: Bool) { self = .value(.bool(value)) }
}

extension Graph.Operand: ExpressibleByStringLiteral {
    /// Creates what the node of that name gave.
    public init(stringLiteral name: String) { self = .node(name) }
}
