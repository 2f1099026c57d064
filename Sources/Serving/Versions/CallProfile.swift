import Models
import NN
import Synchronization
import Tensors

/// What a registry knows of a module's calls before it makes them: what the classes of its tree declare.
final class CallProfile: Sendable {
    /// Whether the input is indices.
    let takesIndices: Bool
    /// Whether some part of the tree trains, and so may draw random numbers.
    let isTraining: Bool
    /// The type that a bare list of numbers takes; `nil` when no layer has parameters.
    let listDType: DType?
    /// Whether a call needs a context of its own: for hooks, or for random numbers.
    let needsScope: Bool
    private let frozen: FrozenModule
    /// What was found for the inputs of the last call.
    private let known = Mutex<CallFacts?>(nil)

    /// Whether calls may be joined along the first axis.
    enum Joining: Sendable, Equatable {
        case never
        /// The first axis is a batch.
        case rows
        /// An input of one axis is one row.
        case oneRow
    }

    init(plan: ModulePlan, frozen: FrozenModule, references: [String: CallProfile], hasHooks: Bool) {
        self.frozen = frozen
        isTraining = plan.isTraining || references.values.contains(where: \.isTraining)
        takesIndices = frozen.module.inputSpecs?.first?.dtype == .int64
        listDType = Self.listDType(of: frozen.module)
        needsScope = hasHooks || isTraining || references.values.contains(where: \.needsScope)
    }

    /// Creates that of the next version of the same tree.
    init(of frozen: FrozenModule, like earlier: CallProfile, references: [String: CallProfile], hasHooks: Bool) {
        self.frozen = frozen
        (isTraining, takesIndices, listDType) = (earlier.isTraining, earlier.takesIndices, earlier.listDType)
        needsScope = hasHooks || isTraining || references.values.contains(where: \.needsScope)
    }

    private static func listDType(of root: Module) -> DType? {
        if let dtype = root.inputSpecs?.first?.dtype { return dtype }
        for module in root.modules() {
            if module !== root, let dtype = module.inputSpecs?.first?.dtype { return dtype }
            let tensors = module.parameterTable.map(\.value?.tensor) + module.bufferTable.map(\.value)
            if let found = tensors.first(where: { $0?.dtype.isFloatingPoint ?? false }) { return found?.dtype }
        }
        return nil
    }

    /// Returns how a call with `inputs`, each with an axis at least, may share a batch with others.
    func joining(of inputs: [Tensor]) -> Joining { needsScope ? .never : facts(for: inputs).joining }

    /// Whether the first axis of each of `inputs` is a batch, as far as is known.
    func isBatch(_ inputs: [Tensor]) -> Bool {
        guard let first = inputs.first, inputs.allSatisfy({ $0.rank > 0 }) else { return false }
        guard first.rank == 1, !takesIndices else { return facts(for: inputs).keepsRows }
        return inputs.count > 1 && facts(for: inputs).joining == .rows
    }

    /// Whether the only input is a row; one of one axis is, unless it is indices.
    private func isOneRow(_ inputs: [Tensor]) -> Bool { inputs.count == 1 && inputs[0].rank == 1 && !takesIndices }

    private func facts(for inputs: [Tensor]) -> CallFacts {
        let isOneRow = isOneRow(inputs)
        if let facts = known.withLock({ $0 }), facts.hold(for: inputs, isOneRow: isOneRow) { return facts }
        let facts = CallFacts(of: frozen.module, inputs, isOneRow: isOneRow)
        known.withLock { $0 = facts }
        return facts
    }
}

/// What the specifications of a tree say of inputs of certain sizes, whatever the number of rows.
private struct CallFacts: Sendable {
    private let shapes: [Shape]
    let joining: CallProfile.Joining
    /// Whether the first axis of the output is that of the inputs, or nothing is known of it.
    let keepsRows: Bool

    init(of module: Module, _ inputs: [Tensor], isOneRow: Bool) {
        shapes = inputs.map(\.shape)
        let specs = inputs.map { isOneRow ? TensorSpec(rowOf: $0) : TensorSpec(batchOf: $0) }
        let output = module.outputSpec(for: specs.map(ValueSpec.tensor))
        keepsRows = output.tensors.first?.shape.map { $0.first == .batch(1) } ?? true
        joining = Self.joining(module, inputs, output, isOneRow: isOneRow)
    }

    private static func joining(
        _ module: Module,
        _ inputs: [Tensor],
        _ output: ValueSpec,
        isOneRow: Bool
    ) -> CallProfile.Joining {
        guard output.isOfRows, !output.tensors.isEmpty else { return .never }
        guard isOneRow else { return .rows }
        // As a row alone it must be what it is in a batch.
        let alone = module.outputSpec(for: inputs.map { .tensor(TensorSpec(of: $0)) }).tensor
        return alone?.shape.map { [.batch(1)] + $0 } == output.tensor?.shape ? .oneRow : .never
    }

    /// Whether they are for inputs of these sizes.
    func hold(for inputs: [Tensor], isOneRow: Bool) -> Bool {
        guard inputs.count == shapes.count else { return false }
        return zip(inputs, shapes).allSatisfy { input, shape in
            guard input.rank == shape.count else { return false }
            return isOneRow ? input.shape == shape : input.shape.dropFirst().elementsEqual(shape.dropFirst())
        }
    }
}

extension ValueSpec {
    /// Whether it is tensors, and nothing else, whose first axis is the batch.
    ///
    /// What has sizes that are not known before the call may have others beside other rows.
    fileprivate var isOfRows: Bool {
        switch self {
        case .tensor(let spec): spec.isBatch && spec.shape?.dropFirst().allSatisfy { $0.number != nil } ?? false
        case .tuple(let elements), .list(let elements): elements.allSatisfy(\.isOfRows)
        case .dictionary(let elements): elements.allSatisfy(\.value.isOfRows)
        case .constant(let value): value.isNone
        case .size, .slice, .unknown: false
        }
    }
}

extension TensorSpec {
    /// Creates what is known of an input of one axis that is a row of a batch.
    fileprivate init(rowOf tensor: Tensor) {
        self.init(shape: [.batch(1)] + tensor.shape.map(Extent.fixed), dtype: tensor.dtype, rows: .axis(0))
    }
}

/// Returns the sum of two counts, or the largest number when it is beyond.
func saturatingSum(_ first: Int, _ second: Int) -> Int {
    let (sum, overflow) = first.addingReportingOverflow(second)
    return overflow ? .max : sum
}

/// Returns the product of two counts, or the largest number when it is beyond.
func saturatingProduct(_ first: Int, _ second: Int) -> Int {
    let (product, overflow) = first.multipliedReportingOverflow(by: second)
    return overflow ? .max : product
}
