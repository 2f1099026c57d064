import Tensors

extension FunctionType {
    /// What each element of the first argument costs beside being read, in multiply-adds.
    ///
    /// Most functions go as fast as memory, or say by the size of their result what they take. These are computed number by
    /// number, as `script/limits --costs` measures.
    var costPerElement: Int { Self.costs[name] ?? 0 }

    private static let costs: [String: Int] = {
        let scalar = """
            acos asin atan atan2 ceil celu cos cosh elu erf expm1 floor floor_divide fmod hardshrink log log10 log1p
            log2 logsigmoid mish remainder round rsqrt selu sign sin sinh softplus softsign sqrt tan tanhshrink trunc pow
            norm log_softmax logsumexp local_response_norm lp_pool1d lp_pool2d lp_pool3d dropout alpha_dropout nonzero
            """
        let names = scalar.split(whereSeparator: \.isWhitespace).map(String.init)
        return Dictionary(uniqueKeysWithValues: names.map { ($0, CallMeter.scalarCost) })
    }()
}
