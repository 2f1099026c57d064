/// The graph that PyTorch records for a linear call.
///
/// 2.13 fuses product and bias for every rank and views the result; 1.0.1 does so for two axes only, and otherwise adds the
/// bias last. The weight always enters through `TBackward`.
extension LinearCall {
    private typealias Edge = GradientNode.Edge

    /// Returns `result` with its history.
    func recorded(_ result: Tensor) throws(TensorError) -> Tensor {
        let fuses = isFused && (input.rank == 2 || Compatibility.ambient == .current)
        let product = try fuses ? fusedProduct() : plainProduct()
        let shape = result.shape
        let unfolded = try input.rank == 2 ? product : view(of: product, as: shape, named: viewName(fuses: fuses))
        guard let bias, !fuses else { return result.attached(to: unfolded.node) }
        let (form, biasShape) = (GradientNode.Form(shape: shape, dtype: result.dtype), bias.shape)
        let sum = try GradientNode.edge(.add, from: [unfolded, bias.history], form: form) { gradient, needs in
            [gradient, needs[1] ? try gradient.summed(to: biasShape) : nil]
        }
        return result.attached(to: sum.node)
    }

    private func viewName(fuses: Bool) -> NodeName {
        fuses ? .view : (input.rank == 1 ? .squeeze : .unsafeView)
    }

    private var productForm: GradientNode.Form {
        get throws(TensorError) { .init(shape: try productShape, dtype: input.dtype) }
    }

    /// `addmm`: the bias, the rows, the transposed weight.
    private func fusedProduct() throws(TensorError) -> Edge {
        let (folded, weight, biasShape) = (input.detached().viewed(as: rows), weight.detached(), bias?.shape)
        return try GradientNode.edge(
            .addmm,
            from: [bias?.history, rowsEdge(fused: true), weightEdge],
            form: productForm,
            saving: [folded, weight]
        ) { gradient, needs in
            let forBias = try needs[0] ? biasShape.map { try gradient.summed(to: $0) } : nil
            return [forBias] + (try Self.gradients(gradient, folded, weight, needs[1], needs[2]))
        }
    }

    /// `mm`: the rows, the transposed weight.
    private func plainProduct() throws(TensorError) -> Edge {
        let (folded, weight) = (input.detached().viewed(as: rows), weight.detached())
        return try GradientNode.edge(
            .mm,
            from: [rowsEdge(fused: false), weightEdge],
            form: productForm,
            saving: [folded, weight]
        ) { gradient, needs in
            try Self.gradients(gradient, folded, weight, needs[0], needs[1])
        }
    }

    /// Returns the sum over the rows of each input times each gradient.
    ///
    /// One row is no sum: PyTorch keeps the sign of its zeros, which adding to zero would lose.
    private static func outerProduct(_ rows: Tensor, _ gradient: Tensor) throws(TensorError) -> Tensor {
        let columns = try rows.swapped(0, 1)
        return rows.shape[0] == 1 ? try columns * gradient : try MatrixProduct.plain(columns, gradient)
    }

    /// Returns the gradients of the rows and of the transposed weight.
    private static func gradients(
        _ gradient: Tensor,
        _ rows: Tensor,
        _ weight: Tensor,
        _ rowsNeeded: Bool,
        _ weightNeeded: Bool
    ) throws(TensorError) -> [Tensor?] {
        [
            rowsNeeded ? try MatrixProduct.plain(gradient, weight) : nil,
            weightNeeded ? try outerProduct(rows, gradient) : nil,
        ]
    }

    /// The input, through the view that folds its leading axes.
    private func rowsEdge(fused: Bool) throws(TensorError) -> Edge? {
        guard input.rank != 2, let history = input.history else { return input.history }
        let name = !fused && input.rank == 1 ? NodeName("UnsqueezeBackward0") : .view
        return try view(of: history, from: input.shape, as: rows, named: name)
    }

    /// The weight, through its transposition.
    private var weightEdge: Edge? {
        get throws(TensorError) {
            guard let history = weight.history else { return nil }
            let shape = Shape([weight.shape[1], weight.shape[0]], elementCount: weight.elementCount)
            let name = NodeName("TBackward0", old: "TBackward")
            return try GradientNode.edge(name, from: [history], form: .init(shape: shape, dtype: weight.dtype)) {
                gradient,
                _ in [try gradient.swapped(0, 1)]
            }
        }
    }

    private func view(of product: Edge, as shape: Shape, named name: NodeName) throws(TensorError) -> Edge {
        try view(of: product, from: try productShape, as: shape, named: name)
    }

    private func view(
        of edge: Edge,
        from own: Shape,
        as shape: Shape,
        named name: NodeName
    ) throws(TensorError) -> Edge {
        try GradientNode.edge(name, from: [edge], form: .init(shape: shape, dtype: input.dtype)) { gradient, _ in
            [gradient.viewed(as: own)]
        }
    }
}
