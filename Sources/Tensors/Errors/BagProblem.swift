/// What does not fit in a call that makes a row of each bag of indices; `message` gives PyTorch's text.
public enum BagProblem: Sendable, Equatable {
    case sampleWeights([Int], input: [Int])
    case sampledMode(String)
    case sampleTypes(weight: DType, DType)
    case weightRank(Int)
    case inputRank(Int)
    case offsetsOfMatrix
    case emptyBags
    case noOffsets
    case offsetsRank
    case indexType(DType)
    case noLastOffset
    case firstOffset(Int)
    case lastOffset(Int, count: Int)
    /// PyTorch says of it that its message could be improved.
    case decreasing
    case index(at: Int, Int, count: Int, isAdded: Bool)
}

extension BagProblem {
    /// The exception that PyTorch raises.
    var kind: ErrorKind {
        switch self {
        case .sampleWeights, .weightRank, .inputRank, .offsetsOfMatrix, .noOffsets, .offsetsRank: .value
        case .sampledMode: .notImplemented
        case .sampleTypes, .emptyBags, .indexType, .noLastOffset, .firstOffset, .lastOffset, .decreasing, .index:
            .runtime
        }
    }

    /// What is at fault.
    var fault: TensorError.Fault {
        switch self {
        case .sampleWeights, .weightRank, .inputRank, .offsetsRank, .emptyBags: .shape
        case .sampleTypes, .indexType: .type
        case .index: .index
        case .sampledMode, .offsetsOfMatrix, .noOffsets, .noLastOffset, .firstOffset, .lastOffset, .decreasing:
            .argument
        }
    }

    /// PyTorch's text.
    var message: String {
        switch self {
        case .sampleWeights(let sizes, let input):
            "embedding_bag: If per_sample_weights (torch.Size(\(sizes))) is not None, then it must have the same shape as "
                + "the input (torch.Size(\(input)))"
        case .sampledMode(let mode):
            "embedding_bag: per_sample_weights was not None. per_sample_weights is only supported for mode='sum' "
                + "(got mode='\(mode)'). Please open a feature request on GitHub."
        case .sampleTypes(let weight, let samples):
            "Expected tensor for argument #1 'weight' to have the same type as tensor for argument #1 "
                + "'per_sample_weights'; but type \(weight.legacyTypeName) does not equal \(samples.legacyTypeName) "
                + "(while checking arguments for embedding_bag)"
        case .weightRank(let rank): "weight has to be a 2D Tensor, but got Tensor of dimension \(rank)"
        case .inputRank(let rank): "input has to be 1D or 2D Tensor, but got Tensor of dimension \(rank)"
        case .offsetsOfMatrix:
            "if input is 2D, then offsets has to be None, as input is treated is a mini-batch of fixed length sequences. "
                + "However, found offsets of type <class 'torch.Tensor'>"
        case .emptyBags: "step must be nonzero"
        case .noOffsets: "offsets has to be a 1D Tensor but got None"
        case .offsetsRank: "offsets has to be a 1D Tensor"
        case .indexType(let dtype):
            "Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; but got "
                + "\(dtype.legacyTypeName) instead (while checking arguments for embedding_bag)"
        case .noLastOffset: "include_last_offset: number of offset should be at least 1"
        case .firstOffset(let first):
            "offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to start from position 0. However, "
                + "got \(first)\n[ torch.LongTensor{} ]"
        case .lastOffset(let last, let count):
            "offsets[-1] can not be greater than input's length \(count) but got offsets[-1] of \(last)"
        case .decreasing: "offsets must not decrease"
        case .index(_, let value, _, isAdded: false):
            "embedding_bag: Expected idx >= 0 && idx < num_embeddings but found idx to be \(value)"
        case .index(let place, let value, let count, isAdded: true):
            "Index \(place) of input takes value \(value) which is not in the valid range [0, \(count))"
        }
    }
}
