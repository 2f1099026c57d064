import Models
import Tensors

/// What a registry knows of a module's calls before it makes them.
struct CallProfile: Sendable {
    /// How calls can be joined into one.
    let joining: Joining
    /// Whether the input is indices.
    let takesIndices: Bool
    /// The axes that an input has when its first one is a batch; `nil` when any number will do.
    let batchRank: Int?
    /// Whether some part of the tree trains, and so may draw random numbers.
    let isTraining: Bool
    /// The type that a bare list of numbers takes; `nil` when no layer has parameters.
    let listDType: DType?

    /// Whether calls may be joined along the first axis.
    enum Joining: Sendable, Equatable {
        case never
        case rows(SingleAxis)
    }

    /// What an input of one axis is.
    enum SingleAxis: Sendable, Equatable {
        /// It cannot be joined.
        case refused
        case oneRow
        case batch
    }

    init(plan: ModulePlan, references: [String: CallProfile], hasHooks: Bool) {
        var walk = Walk(isTraining: plan.isTraining, references: references)
        walk.visit(plan.root)
        isTraining = plan.isTraining || references.values.contains(where: \.isTraining)
        joining = hasHooks ? .never : walk.joining
        batchRank = walk.batchRank
        takesIndices = walk.takesIndices ?? false
        listDType = walk.listDType
    }

    /// Whether the number of axes of `input` lets its first one be a batch.
    func isBatch(_ input: Tensor) -> Bool { batchRank.map { $0 == input.rank } ?? true }

    private struct Walk {
        let isTraining: Bool
        let references: [String: CallProfile]
        var joining = Joining.rows(.oneRow)
        var layers = 0
        var takesIndices: Bool?
        var listDType: DType?
        var batchRank: Int?
        /// Whether every layer so far keeps the number of axes.
        private var keepsRank = true

        init(isTraining: Bool, references: [String: CallProfile]) {
            self.isTraining = isTraining
            self.references = references
        }

        mutating func visit(_ layer: CheckedLayer) {
            let tensors = layer.tensorPlans
            let rule = layer.type.rows(layer.arguments)
            if layer.type.children == .none || rule == .together {
                add(Self.joining(by: rule, isTraining: isTraining, isFirst: takesIndices == nil))
                if case .images(let axes) = rule.inUse { add(batchRank: axes + 2) }
                if layer.type.changesRank { keepsRank = false }
                layers += 1
                let indices = layer.type.features(layer.arguments).takesIndices
                takesIndices = takesIndices ?? indices
                if tensors.contains(where: \.isPresent) {
                    listDType = listDType ?? (indices ? .int64 : layer.dtype ?? .float32)
                }
            }
            for child in layer.children { visit(child.node) }
        }

        private mutating func visit(_ node: CheckedNode) {
            switch node {
            case .layer(let layer): visit(layer)
            case .ref(let name):
                guard let profile = references[name] else { return }
                add(profile.joining)
                if let rank = profile.batchRank { add(batchRank: rank) }
                keepsRank = false
                layers += 1
                takesIndices = takesIndices ?? profile.takesIndices
                listDType = listDType ?? profile.listDType
            }
        }

        /// Joins what is known of the layers so far with what the next one allows.
        private mutating func add(_ next: Joining) {
            switch (joining, next) {
            case (.never, _), (_, .never): joining = .never
            case (.rows(let single), .rows(let nextSingle)):
                if layers == 0 { joining = next }
                if layers > 0, single == .oneRow, nextSingle != .oneRow { joining = .rows(.refused) }
            }
        }

        /// Notes that what reaches a layer is a batch only with `rank` axes.
        private mutating func add(batchRank rank: Int) {
            if batchRank == nil, keepsRank { batchRank = rank }
            if batchRank == nil || (keepsRank && batchRank != rank) { joining = .never }
        }

        private static func joining(by rule: RowRule, isTraining: Bool, isFirst: Bool) -> Joining {
            switch rule {
            case .apart: .rows(.oneRow)
            case .batchFirst: .rows(.refused)
            case .images: .rows(.refused)
            case .indices: .rows(isFirst ? .batch : .refused)
            case .together: .never
            case .unlessTraining(let rule):
                isTraining ? .never : joining(by: rule, isTraining: false, isFirst: isFirst)
            }
        }
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
