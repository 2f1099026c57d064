public import Tensors

/// A chain of modules: each output is the next one's input.
///
/// Without modules it is the identity.
///
/// The children are named `0`, `1` and so on, or as they are given.
public final class Sequential: Module {
    /// Creates a chain of `modules` under their numbers.
    /// - Throws: `ModuleError` when the tree would grow too deep.
    public convenience init(_ modules: Module...) throws {
        try self.init(modules)
    }

    /// Creates a chain of `modules` under their numbers.
    public init(_ modules: [Module]) throws {
        super.init()
        for module in modules { try append(module) }
    }

    /// Creates a chain of modules under names of their own.
    public init(named modules: [(name: String, module: Module)]) throws {
        super.init()
        for (name, module) in modules {
            guard childSlots[name] == nil else { throw ModuleError.nameTaken(name) }
            try registerChild(name, module)
        }
    }

    /// Returns a chain of the same children at `range`, which keep their names.
    /// - Throws: `ModuleError.indexOutOfRange`.
    public func slice(_ range: Range<Int>) throws -> Sequential {
        guard range.lowerBound >= 0 else { throw ModuleError.indexOutOfRange(range.lowerBound) }
        guard range.upperBound <= count else { throw ModuleError.indexOutOfRange(range.upperBound) }
        let children = childTable[range].compactMap { name, child in child.map { (name, $0) } }
        return try Sequential(named: children)
    }

    public override func forward(_ input: Tensor) throws -> Tensor {
        var value = input
        let slots = childSlots.values
        let count = slots.count
        var index = 0
        while index < count {
            let (place, rank) = (index, value.rank)
            let ahead = slots[index].value?.callAhead(value) {
                place + $0 < count ? slots[place + $0].value?.unwatchedStep(rank: rank) : nil
            }
            if let (output, steps) = ahead {
                (value, index) = (output, index + steps)
            } else {
                (value, index) = (try slots[index](value), index + 1)
            }
        }
        return value
    }

    public override var typeName: String { "Sequential" }

    public override var attributeNames: Set<String> { ["append", "extend", "insert", "pop"] }

    /// What the first module that cares takes, unless it stands behind one that reshapes.
    public override var inputSpecs: [TensorSpec]? {
        for case let module? in childSlots.values.lazy.map(\.value) {
            if let specs = module.inputSpecs { return specs }
            guard module.keepsShapes else { return nil }
        }
        return nil
    }

    public override func outputSpec(for inputs: [ValueSpec]) -> ValueSpec {
        childSlots.values.lazy.compactMap(\.value).reduce(inputs.first ?? .unknown) { $1.outputSpec(for: [$0]) }
    }

    public override func work(for inputs: [ValueSpec], rows: Int) -> Int? {
        outputAndWork(for: inputs, rows: rows).work
    }

    override func outputAndWork(for inputs: [ValueSpec], rows: Int) -> (output: ValueSpec, work: Int?) {
        var (sum, value) = (0 as Int?, inputs.first ?? .unknown)
        for case let module? in childSlots.values.lazy.map(\.value) {
            let (output, work) = module.outputAndWork(for: [value], rows: rows)
            value = output
            sum = sum.flatMap { sum in
                work.map { sum.addingReportingOverflow($0) }.map { $0.overflow ? .max : $0.partialValue }
            }
        }
        return (value, sum)
    }

    public override func emptyCopy() throws -> Module { try Sequential([]) }
}

extension Sequential: ModuleSequence {}

extension Module {
    /// Whether an output has the shape of its input, whatever that is.
    fileprivate var keepsShapes: Bool {
        let shape: [Extent] = [.batch(1), .unknown, .unknown]
        return outputSpec(for: [.tensor(TensorSpec(shape: shape, rows: .axis(0)))]).tensor?.shape == shape
    }
}

extension ModuleType {
    static let sequential = ModuleType("Sequential", children: .positionsOrNames, chainsChildren: true) { _, _, _ in
        try Sequential([])
    }
}
