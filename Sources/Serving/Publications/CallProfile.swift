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

    private static func listDType(of root: Module) -> DType? {
        if let dtype = root.inputSpecs?.first?.dtype { return dtype }
        for module in root.modules() {
            if module !== root, let dtype = module.inputSpecs?.first?.dtype { return dtype }
            let tensors = module.parameterTable.map(\.value?.tensor) + module.bufferTable.map(\.value)
            if let found = tensors.first(where: { $0?.dtype.isFloatingPoint ?? false }) { return found?.dtype }
        }
        return nil
    }

    /// Returns how a call with `input` may share a product with others.
    func joining(of input: Tensor) -> Joining { needsScope ? .never : facts(for: input).joining }

    /// Whether the first axis of `input` is a batch, as far as is known.
    func isBatch(_ input: Tensor) -> Bool { input.rank > (takesIndices ? 0 : 1) && facts(for: input).keepsRows }

    /// Whether `input` is a row; one of one axis is, unless it is indices.
    private func isOneRow(_ input: Tensor) -> Bool { input.rank == 1 && !takesIndices }

    private func facts(for input: Tensor) -> CallFacts {
        let isOneRow = isOneRow(input)
        if let facts = known.withLock({ $0 }), facts.hold(for: input, isOneRow: isOneRow) { return facts }
        let facts = CallFacts(of: frozen.module, input, isOneRow: isOneRow)
        known.withLock { $0 = facts }
        return facts
    }
}

/// What the specifications of a tree say of inputs of certain sizes, whatever the number of rows.
private struct CallFacts: Sendable {
    private let shape: Shape
    let joining: CallProfile.Joining
    /// Whether the first axis of the output is that of the input, or nothing is known of it.
    let keepsRows: Bool

    init(of module: Module, _ input: Tensor, isOneRow: Bool) {
        shape = input.shape
        let output = module.outputSpec(for: [.tensor(isOneRow ? TensorSpec(rowOf: input) : TensorSpec(batchOf: input))])
        keepsRows = output.tensors.first?.shape.map { $0.first == .batch(1) } ?? true
        joining = Self.joining(module, input, output, isOneRow: isOneRow)
    }

    private static func joining(
        _ module: Module,
        _ input: Tensor,
        _ output: ValueSpec,
        isOneRow: Bool
    ) -> CallProfile.Joining {
        // What has sizes that are not known before the call may have others beside other rows.
        guard case .tensor(let spec) = output, spec.isBatch,
            spec.shape?.dropFirst().allSatisfy({ $0.number != nil }) ?? false
        else { return .never }
        guard isOneRow else { return .rows }
        // As a row alone it must be what it is in a batch.
        let alone = module.outputSpec(for: [.tensor(TensorSpec(of: input))]).tensor
        return alone?.shape.map { [.batch(1)] + $0 } == spec.shape ? .oneRow : .never
    }

    /// Whether they are for inputs of these sizes.
    func hold(for input: Tensor, isOneRow: Bool) -> Bool {
        guard input.rank == shape.count else { return false }
        return isOneRow ? input.shape == shape : input.shape.dropFirst().elementsEqual(shape.dropFirst())
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
