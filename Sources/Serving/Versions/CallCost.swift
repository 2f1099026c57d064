import Models
import NN
import OrderedCollections
import Synchronization
import Tensors

/// How much work the calls of one version are, found before they are made: from what its modules say of their outputs.
final class CallCost: Sendable {
    /// The most steps of a call that is computed where it was made: each costs time of its own, however small its tensors.
    static let maxSmallSteps = 256
    /// How many shapes are remembered: most clients ask in few.
    private static let maxKnown = 16

    fileprivate struct Known {
        let shapes: [Shape]
        let names: OrderedSet<String>
        let work: Int?
    }

    private let module: FrozenModule
    private let hasFewSteps: Bool
    private let known = Mutex<[Known]>([])

    init(of module: FrozenModule) {
        self.module = module
        hasFewSteps = module.module.stepCount <= Self.maxSmallSteps
    }

    /// Creates that of the next version of the same tree.
    init(of module: FrozenModule, like earlier: CallCost) {
        self.module = module
        hasFewSteps = earlier.hasFewSteps
    }

    /// Returns about how much work a call of few steps takes; `nil` when it cannot be told, or has many.
    func workOfFewSteps(for inputs: [Tensor], _ named: OrderedDictionary<String, Value>) -> Int? {
        hasFewSteps ? work(for: inputs, named) : nil
    }

    /// Returns about how many multiply-adds, or elements read, a call takes; `nil` when it cannot be told.
    func work(for inputs: [Tensor], _ named: OrderedDictionary<String, Value>) -> Int? {
        // What a number or a flag changes is not remembered.
        guard named.values.allSatisfy({ $0.tensor != nil || $0.isNone }) else { return nil }
        if let known = known.withLock({ $0.first { $0.fits(inputs, named) } }) { return known.work }
        let work = module.module.work(for: specs(inputs, named), rows: 1)
        let shapes = inputs.map(\.shape) + named.values.compactMap { $0.tensor?.shape }
        known.withLock { known in
            if known.count >= Self.maxKnown { known.removeFirst() }
            known.append(Known(shapes: shapes, names: named.keys, work: work))
        }
        return work
    }

    private func specs(_ inputs: [Tensor], _ named: OrderedDictionary<String, Value>) -> [ValueSpec] {
        let given = inputs.map { ValueSpec.tensor(TensorSpec(of: $0)) }
        guard !named.isEmpty, let parameters = module.module.forwardParameters else { return given }
        return given
            + parameters.dropFirst(given.count).map { parameter in
                let value = named[parameter.name] ?? parameter.defaultValue
                return value.map { $0.tensor.map { .tensor(TensorSpec(of: $0)) } ?? .constant($0) } ?? .unknown
            }
    }
}

extension CallCost.Known {
    /// Whether a call of these inputs is one whose work is known; the order of names does not matter to calls, but does here.
    fileprivate func fits(_ inputs: [Tensor], _ named: OrderedDictionary<String, Value>) -> Bool {
        guard shapes.count >= inputs.count, named.isEmpty ? shapes.count == inputs.count && names.isEmpty : true else {
            return false
        }
        guard zip(shapes, inputs).allSatisfy({ $0 == $1.shape }) else { return false }
        guard !named.isEmpty else { return true }
        guard names == named.keys else { return false }
        return shapes.dropFirst(inputs.count).elementsEqual(named.values.lazy.compactMap { $0.tensor?.shape })
    }
}
