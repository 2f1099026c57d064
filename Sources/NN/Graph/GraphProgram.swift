import OrderedCollections
import Tensors

/// A graph made ready to run: names are places in a list of values, arguments stand in the order of parameters, and each
/// step says which values nobody needs after it.
struct GraphProgram: Sendable {
    /// An argument: a constant, or where its parts are.
    enum Operand: Sendable {
        case constant(Value)
        case place(Int)
        case tuple([Operand])
        case list([Operand])
        case dictionary(OrderedDictionary<String, Operand>)
        indirect case slice(start: Operand, stop: Operand, step: Operand)
    }

    enum Action: Sendable {
        case placeholder
        case attribute(AttributePath)
        case module(ModulePath, [Operand], OrderedDictionary<String, Operand>)
        case function(FunctionType, [Operand])
        /// A function of one tensor, which needs no list for its argument.
        case unary(FunctionType, Int)
        /// A function of two tensors, whose other arguments are at their defaults.
        case binary(FunctionType, Int, Int)
        case output(Operand)
    }

    struct Step: Sendable {
        let name: String
        let action: Action
        /// The values that this step was the last to need.
        var releases: [Int] = []
    }

    /// The way to a module: the child of the graph's module, then on from there.
    struct ModulePath: Sendable {
        let text: String
        let first: String
        let rest: String?

        init(_ text: String) {
            self.text = text
            let dot = text.firstIndex(of: ".")
            first = dot.map { String(text[..<$0]) } ?? text
            rest = dot.map { String(text[text.index(after: $0)...]) }
        }
    }

    /// The way to a parameter or buffer: of the graph's module, or of one below it.
    struct AttributePath: Sendable {
        let text: String
        var isOwn: Bool { !text.contains(".") }
    }

    let parameters: [CallParameter]
    let steps: [Step]
    /// Whether some function draws random numbers.
    let isRandom: Bool

    /// The most levels of tuples, lists and dictionaries in one argument.
    static let maximumDepth = 64

    init(_ graph: Graph) throws(GraphProblem) {
        var compiler = Compiler()
        for (index, node) in graph.nodes.enumerated() { try compiler.add(node, at: index, of: graph.nodes.count) }
        guard compiler.hasOutput else { throw GraphProblem(.noOutput) }
        parameters = compiler.parameters
        steps = compiler.finished
        isRandom = compiler.isRandom
    }
}

/// Checks nodes one after the other, and turns names into places.
private struct Compiler {
    private(set) var parameters: [CallParameter] = []
    private(set) var hasOutput = false
    private(set) var isRandom = false
    private var steps: [GraphProgram.Step] = []
    private var places: [String: Int] = [:]
    private var lastUse: [Int?] = []
    private var hasCalls = false

    mutating func add(_ node: Graph.Node, at index: Int, of count: Int) throws(GraphProblem) {
        guard !hasOutput else { throw GraphProblem(.outputNotLast, node: index) }
        guard Self.isName(node.name) else { throw GraphProblem(.invalidName(node.name), node: index, path: ["name"]) }
        guard places[node.name] == nil else {
            throw GraphProblem(.repeatedName(node.name), node: index, path: ["name"])
        }
        let action = try action(of: node, at: index)
        places[node.name] = index
        steps.append(GraphProgram.Step(name: node.name, action: action))
        lastUse.append(nil)
    }

    /// The steps, with each value let go after the last that needs it.
    var finished: [GraphProgram.Step] {
        var steps = steps
        for (place, last) in lastUse.enumerated() { steps[last ?? place].releases.append(place) }
        return steps
    }

    private static func isName(_ name: String) -> Bool {
        let bytes = name.utf8
        guard let first = bytes.first, bytes.count <= 256 else { return false }
        func isLetter(_ byte: UInt8) -> Bool {
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) || byte == UInt8(ascii: "_")
        }
        return isLetter(first)
            && bytes.allSatisfy { isLetter($0) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }

    private mutating func action(of node: Graph.Node, at index: Int) throws(GraphProblem) -> GraphProgram.Action {
        switch node.operation {
        case .placeholder(let value):
            guard !hasCalls else { throw GraphProblem(.placeholderAfterCall, node: index) }
            if value == nil, parameters.contains(where: { $0.defaultValue != nil }) {
                throw GraphProblem(.placeholderWithoutDefault(node.name), node: index)
            }
            parameters.append(CallParameter(node.name, value))
            return .placeholder
        case .getAttribute(let target):
            hasCalls = true
            return .attribute(GraphProgram.AttributePath(text: target))
        case .callModule(let target, let operands):
            hasCalls = true
            var positional: [GraphProgram.Operand] = []
            for (place, operand) in operands.positional.enumerated() {
                positional.append(try compile(operand, node: index, path: ["args", "\(place)"]))
            }
            return .module(GraphProgram.ModulePath(target), positional, try compileNamed(operands, node: index))
        case .callFunction(let target, let operands):
            hasCalls = true
            return try call(target, operands, node: index)
        case .output(let operand):
            hasOutput = true
            let compiled = try compile(operand, node: index, path: ["args", "0"])
            try Self.checkOutput(compiled, node: index)
            return .output(compiled)
        }
    }

    private mutating func compileNamed(
        _ operands: Graph.Operands,
        node: Int
    ) throws(GraphProblem) -> OrderedDictionary<String, GraphProgram.Operand> {
        var named: OrderedDictionary<String, GraphProgram.Operand> = [:]
        for (name, operand) in operands.named {
            named[name] = try compile(operand, node: node, path: ["kwargs", name])
        }
        return named
    }

    private mutating func call(
        _ target: String,
        _ operands: Graph.Operands,
        node: Int
    ) throws(GraphProblem) -> GraphProgram.Action {
        guard let type = FunctionType.all[target] else {
            throw GraphProblem(.unknownFunction(target), node: node, path: ["target"])
        }
        var positional: [GraphProgram.Operand] = []
        for (place, operand) in operands.positional.enumerated() {
            positional.append(try compile(operand, node: node, path: ["args", "\(place)"]))
        }
        let named = try compileNamed(operands, node: node)
        if let gathering = type.gathering, positional.count > gathering {
            positional[gathering...] = [.tuple(Array(positional[gathering...]))]
        }
        let bound: [GraphProgram.Operand?]
        do throws(BindingProblem) {
            bound = try type.bind(positional, named)
        } catch {
            throw GraphProblem(GraphProblem.Fault(error, function: target), node: node, path: error.path)
        }
        isRandom = isRandom || type.isRandom
        if type.pair != nil, case .place(let first)? = bound[0], case .place(let second)? = bound[1],
            bound.dropFirst(2).allSatisfy({ $0 == nil })
        {
            return .binary(type, first, second)
        }
        let values = zip(type.parameters, bound).map { $1 ?? .constant($0.defaultValue ?? .none) }
        if case .unary = type.body, case .place(let place) = values[0] { return .unary(type, place) }
        return .function(type, values.map(Self.folded))
    }

    private mutating func compile(
        _ operand: Graph.Operand,
        node: Int,
        path: [String]
    ) throws(GraphProblem) -> GraphProgram.Operand {
        guard path.count <= GraphProgram.maximumDepth else {
            throw GraphProblem(.tooDeep(limit: GraphProgram.maximumDepth), node: node, path: path)
        }
        switch operand {
        case .value(let value): return .constant(value)
        case .node(let name):
            guard let place = places[name] else {
                throw GraphProblem(.lateOrUnknownNode(name), node: node, path: path)
            }
            lastUse[place] = node
            return .place(place)
        case .tuple(let elements): return .tuple(try compile(elements, node: node, path: path + ["tuple"]))
        case .list(let elements): return .list(try compile(elements, node: node, path: path))
        case .dictionary(let elements):
            var compiled: OrderedDictionary<String, GraphProgram.Operand> = [:]
            for (key, element) in elements { compiled[key] = try compile(element, node: node, path: path + [key]) }
            return .dictionary(compiled)
        case .slice(let start, let stop, let step):
            return .slice(
                start: try compile(start, node: node, path: path + ["slice", "0"]),
                stop: try compile(stop, node: node, path: path + ["slice", "1"]),
                step: try compile(step, node: node, path: path + ["slice", "2"])
            )
        }
    }

    private mutating func compile(
        _ elements: [Graph.Operand],
        node: Int,
        path: [String]
    ) throws(GraphProblem) -> [GraphProgram.Operand] {
        var compiled: [GraphProgram.Operand] = []
        for (place, element) in elements.enumerated() {
            compiled.append(try compile(element, node: node, path: path + ["\(place)"]))
        }
        return compiled
    }

    /// Refuses an output of values that are written out and are not None.
    private static func checkOutput(_ operand: GraphProgram.Operand, node: Int) throws(GraphProblem) {
        switch operand {
        case .place, .constant(.none): break
        case .constant(let value):
            throw GraphProblem(.outputOfNoTensor(value.pythonType), node: node, path: ["args", "0"])
        case .slice: throw GraphProblem(.outputOfNoTensor("slice"), node: node, path: ["args", "0"])
        case .tuple(let elements), .list(let elements): for element in elements { try checkOutput(element, node: node) }
        case .dictionary(let elements): for element in elements.values { try checkOutput(element, node: node) }
        }
    }

    /// Returns a container of constants as one constant.
    private static func folded(_ operand: GraphProgram.Operand) -> GraphProgram.Operand {
        operand.constant.map(GraphProgram.Operand.constant) ?? operand
    }
}

extension GraphProgram.Operand {
    /// The value, if no node has a part in it.
    var constant: Value? {
        switch self {
        case .constant(let value): return value
        case .place, .dictionary: return nil
        case .tuple(let elements): return Self.constants(elements).map(Value.tuple)
        case .list(let elements): return Self.constants(elements).map(Value.list)
        case .slice(let start, let stop, let step):
            guard let bounds = Self.constants([start, stop, step]) else { return nil }
            return try? .slice(bounds)
        }
    }

    private static func constants(_ operands: [GraphProgram.Operand]) -> [Value]? {
        let constants = operands.map(\.constant)
        return constants.contains { $0 == nil } ? nil : constants.compactMap(\.self)
    }
}

extension Value {
    /// Creates a slice of three bounds, each a whole number or None.
    static func slice(_ bounds: [Value]) throws(ModuleError) -> Value {
        let numbers = try bounds.map { bound throws(ModuleError) -> Int64? in
            if bound.isNone { return nil }
            guard let number = bound.wholeNumber else { throw .sliceBound(bound.pythonType) }
            return Int64(number)
        }
        return .slice(start: numbers[0], stop: numbers[1], step: numbers[2])
    }
}

extension FunctionType {
    /// Returns the argument for each parameter; what `*size` gathers comes as one tuple by position.
    func bind<Operand>(
        _ positional: [Operand],
        _ named: OrderedDictionary<String, Operand>
    ) throws(BindingProblem) -> [Operand?] {
        guard gathering != nil else { return try parameters.bind(positional, named) }
        let open = parameters.enumerated().map { index, parameter in
            index == gathering ? CallParameter(parameter.name, parameter.defaultValue) : parameter
        }
        return try open.bind(positional, named)
    }
}

extension GraphProblem.Fault {
    fileprivate init(_ problem: BindingProblem, function: String) {
        self =
            switch problem {
            case .missing(let names): .missingArguments(function: function, names)
            case .tooMany(let taken, let given): .tooManyArguments(function: function, taken: taken, given: given)
            case .unexpected(let name): .unexpectedArgument(function: function, name)
            case .repeated(let name): .repeatedArgument(function: function, name)
            }
    }
}

extension BindingProblem {
    /// Where the problem is in a node.
    fileprivate var path: [String] {
        switch self {
        case .missing: []
        case .tooMany(let taken, _): ["args", "\(taken)"]
        case .unexpected(let name), .repeated(let name): ["kwargs", name]
        }
    }
}
