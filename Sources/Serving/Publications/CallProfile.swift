import Models
import Tensors

/// What a registry knows of a module's calls before it makes them.
struct CallProfile: Sendable {
    /// How calls can be joined into one.
    let joining: Joining
    /// Multiply-adds for each row of the input.
    let workPerRow: Int
    /// The number of layers, each of which goes over its input once.
    let layerCount: Int
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
        workPerRow = walk.work
        layerCount = walk.layers
        takesIndices = walk.takesIndices ?? false
        listDType = walk.listDType
    }

    /// Returns about how many multiply-adds a call with `inputs` takes; saturates.
    func work(for inputs: [Tensor]) -> Int {
        let rows = inputs.reduce(0) { max($0, self.rows(of: $1)) }
        let elements = inputs.reduce(0) { $0 + $1.elementCount }
        let (sum, overflow) = saturatingProduct(rows, workPerRow)
            .addingReportingOverflow(saturatingProduct(elements, layerCount))
        return overflow ? .max : sum
    }

    /// Whether the number of axes of `input` lets its first one be a batch.
    func isBatch(_ input: Tensor) -> Bool { batchRank.map { $0 == input.rank } ?? true }

    private func rows(of input: Tensor) -> Int {
        let axes = input.shape.count - (takesIndices ? 0 : 1)
        return (0..<max(0, axes)).reduce(1) { saturatingProduct($0, input.shape[$1]) }
    }

    private struct Walk {
        let isTraining: Bool
        let references: [String: CallProfile]
        var joining = Joining.rows(.oneRow)
        var work = 0
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
                add(work: Self.work(of: layer, tensors), layers: 1)
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
                add(work: profile.workPerRow, layers: profile.layerCount)
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

        private mutating func add(work: Int, layers: Int) {
            let (sum, overflow) = self.work.addingReportingOverflow(work)
            self.work = overflow ? .max : sum
            self.layers += layers
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

        private static func work(of layer: CheckedLayer, _ tensors: [TensorPlan]) -> Int {
            guard let weight = tensors.first, weight.name == "weight" else { return 0 }
            let isLookUp = layer.type.features(layer.arguments).takesIndices
            return (isLookUp ? weight.sizes.suffix(1) : weight.sizes[...]).reduce(1, saturatingProduct)
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
