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

    /// What a step does; each in one object, so that an interpreter takes it up with one count of a reference.
    enum Action: Sendable {
        case placeholder
        case attribute(AttributePath)
        case module(ModuleCall)
        case function(FunctionStep)
        /// A function of one tensor, which needs no list for its argument.
        case unary(UnaryStep)
        /// A function of two tensors, whose other arguments are at their defaults.
        case binary(BinaryStep)
        /// A function whose first argument alone comes from a node.
        case leading(LeadingStep)
        case output(Operand)
    }

    /// A call of a module.
    final class ModuleCall: Sendable {
        let path: ModulePath
        let positional: [Operand]
        let named: OrderedDictionary<String, Operand>
        /// Where the only argument is, if there is one and a node made it.
        let only: Int?

        init(_ path: ModulePath, _ positional: [Operand], _ named: OrderedDictionary<String, Operand>) {
            self.path = path
            self.positional = positional
            self.named = named
            only =
                if named.isEmpty, positional.count == 1, case .place(let place) = positional[0] { place } else { nil }
        }
    }

    final class FunctionStep: Sendable {
        let type: FunctionType
        let operands: [Operand]

        init(_ type: FunctionType, _ operands: [Operand]) {
            self.type = type
            self.operands = operands
        }
    }

    final class UnaryStep: Sendable {
        let type: FunctionType
        let body: @Sendable (Tensor) throws -> Tensor
        let place: Int
        /// The arguments behind the first, which `body` knows already.
        let rest: [Value]

        init(
            _ type: FunctionType,
            _ body: @escaping @Sendable (Tensor) throws -> Tensor,
            _ place: Int,
            _ rest: [Value]
        ) {
            self.type = type
            self.body = body
            self.place = place
            self.rest = rest
        }
    }

    final class BinaryStep: Sendable {
        let type: FunctionType
        let pair: @Sendable (Tensor, Tensor) throws -> Tensor
        let (first, second): (Int, Int)

        init(
            _ type: FunctionType,
            _ pair: @escaping @Sendable (Tensor, Tensor) throws -> Tensor,
            _ first: Int,
            _ second: Int
        ) {
            self.type = type
            self.pair = pair
            (self.first, self.second) = (first, second)
        }
    }

    final class LeadingStep: Sendable {
        let type: FunctionType
        let body: @Sendable (borrowing FunctionCall) throws -> Value
        let place: Int
        let rest: FunctionCall.Constants

        init(
            _ type: FunctionType,
            _ body: @escaping @Sendable (borrowing FunctionCall) throws -> Value,
            _ place: Int,
            _ rest: FunctionCall.Constants
        ) {
            self.type = type
            self.body = body
            self.place = place
            self.rest = rest
        }
    }

    struct Step: Sendable {
        let name: String
        let action: Action
        /// The values that this step was the last to need.
        var releases: [Int] = []
        /// Whether it was also the last to need its first value, and takes that with it.
        var takesFirst = false
        /// How many steps behind a call of a module, up to two, need nothing but the value of the one before, and are alone to
        /// need it.
        var followers = 0
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
        for (place, last) in lastUse.enumerated() {
            let step = last ?? place
            if place == steps[step].action.first {
                steps[step].takesFirst = true
            } else {
                steps[step].releases.append(place)
            }
        }
        for index in steps.indices.dropLast() {
            guard case .module = steps[index].action, steps.follows(index + 1) else { continue }
            steps[index].followers = steps.follows(index + 2) ? 2 : 1
        }
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
            return .module(
                GraphProgram.ModuleCall(.init(target), positional, try compileNamed(operands, node: index))
            )
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
        if let pair = type.pair, case .place(let first)? = bound[0], case .place(let second)? = bound[1],
            bound.dropFirst(2).allSatisfy({ $0 == nil })
        {
            return .binary(GraphProgram.BinaryStep(type, pair, first, second))
        }
        let values = zip(type.parameters, bound).map { Self.folded($1 ?? .constant($0.defaultValue ?? .none)) }
        guard case .place(let place)? = values.first else { return .function(.init(type, values)) }
        // What stands behind the tensor of a function of one changes nothing.
        let known = values.dropFirst().map(\.constant)
        guard type.isUnary || known.allSatisfy({ $0 != nil }) else { return .function(.init(type, values)) }
        let rest = known.map { $0 ?? .none }
        if let body = type.unary(with: rest) { return .unary(GraphProgram.UnaryStep(type, body, place, rest)) }
        guard case .any(let body) = type.body else { return .function(.init(type, values)) }
        return .leading(GraphProgram.LeadingStep(type, body, place, FunctionCall.Constants([.none] + rest)))
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

extension [GraphProgram.Step] {
    /// Whether the step at `index` takes the value of the one before, and nothing else.
    fileprivate func follows(_ index: Int) -> Bool {
        guard indices.contains(index), self[index].takesFirst, self[index].action.first == index - 1 else {
            return false
        }
        switch self[index].action {
        case .module(let call): return call.only != nil
        case .unary: return true
        case .placeholder, .attribute, .function, .binary, .leading, .output: return false
        }
    }
}

extension GraphProgram.Action {
    /// The place of the value that it needs first, and only there.
    fileprivate var first: Int? {
        switch self {
        case .module(let call): call.only
        case .unary(let step): step.place
        case .leading(let step): step.place
        case .binary(let step): step.first == step.second ? nil : step.first
        case .placeholder, .attribute, .function, .output: nil
        }
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
