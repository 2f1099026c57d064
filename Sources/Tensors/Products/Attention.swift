extension Tensor {
    /// What an attention is told beside its three tensors.
    public struct AttentionOptions: Sendable {
        /// Where a query may look, as bools, or what is added to its scores.
        public var mask: Tensor?
        /// The part of the weights that is dropped, in training.
        public var dropout: Double
        /// Whether a query sees no key after its own place.
        public var isCausal: Bool
        /// The factor of the scores; one over the root of the last axis's size if it is missing.
        public var scale: Double?
        /// Whether several heads of queries share one of keys and values.
        public var sharesHeads: Bool

        /// Creates options, by default those of PyTorch.
        public init(
            mask: Tensor? = nil,
            dropout: Double = 0,
            isCausal: Bool = false,
            scale: Double? = nil,
            sharesHeads: Bool = false
        ) {
            (self.mask, self.dropout, self.isCausal) = (mask, dropout, isCausal)
            (self.scale, self.sharesHeads) = (scale, sharesHeads)
        }
    }

    /// Returns, for each query, the sum of the values weighted by the softmax of its products with the keys.
    public static func scaledDotProductAttention(
        _ query: Tensor,
        _ key: Tensor,
        _ value: Tensor,
        _ options: AttentionOptions = .init(),
        generator: Generator = .default
    ) throws(TensorError) -> Tensor {
        try checkAttention(query, key, value, options)
        let (key, value) = try options.sharesHeads ? shared(query, key, value) : (key, value)
        let width = query.shape[query.rank - 1]
        let scale = options.scale ?? 1 / Double(width).squareRoot()
        if let result = try quickAttention(query, key, value, options, scale: scale) { return result }
        var scores = try (query * scale).matmul(key.transposed(-2, -1))
        if options.isCausal {
            let form = try Shape(checking: [query.shape[query.rank - 2], key.shape[key.rank - 2]])
            scores = try scores.maskedFill(
                Tensor.ones(form, dtype: .bool).tril().logicalNot(),
                .number(.double(-.infinity))
            )
        }
        var isBlind: Tensor?
        if let mask = options.mask {
            let masked =
                try mask.dtype == .bool
                ? scores.maskedFill(mask.logicalNot(), .number(.double(-.infinity)))
                : scores + mask.converted(to: query.dtype)
            // A query that may look nowhere gets zeros.
            let blind = try compare(.equal, .tensor(masked.detached()), .number(.double(-.infinity))).all(
                dims: [-1],
                keepDim: true
            )
            scores = try masked.maskedFill(blind, 0)
            isBlind = blind
        }
        var weights = try scores.softmax(dim: -1)
        if let isBlind { weights = try weights.maskedFill(isBlind, 0) }
        if options.dropout > 0 { weights = try weights.dropout(p: options.dropout, generator: generator) }
        return try weights.matmul(value)
    }

    private static func checkAttention(
        _ query: Tensor,
        _ key: Tensor,
        _ value: Tensor,
        _ options: AttentionOptions
    ) throws(TensorError) {
        guard query.dtype == key.dtype, query.dtype == value.dtype else {
            throw .function(.attentionTypes(query.dtype, key.dtype, value.dtype))
        }
        guard query.rank >= 2, key.rank >= 2, value.rank >= 2 else {
            throw .function(.attentionRanks(query.rank, key.rank, value.rank))
        }
        guard let mask = options.mask else { return }
        guard mask.dtype == .bool || mask.dtype == query.dtype || mask.dtype == .float32 else {
            throw .function(.attentionMaskType(mask.dtype, query.dtype))
        }
        guard !options.isCausal else { throw .function(.attentionMaskTwice) }
    }

    /// Each head of keys and values as often as heads of queries share it.
    private static func shared(_ query: Tensor, _ key: Tensor, _ value: Tensor) throws(TensorError) -> (Tensor, Tensor)
    {
        guard query.rank >= 3, key.rank == query.rank, value.rank == query.rank else {
            throw .function(.attentionHeads)
        }
        let heads = query.shape[query.rank - 3]
        func spread(_ tensor: Tensor) throws(TensorError) -> Tensor {
            let own = tensor.shape[tensor.rank - 3]
            guard own > 0, heads.isMultiple(of: own) else { throw .function(.attentionHeads) }
            return try tensor.repeatInterleave(heads / own, dim: -3)
        }
        return (try spread(key), try spread(value))
    }
}
