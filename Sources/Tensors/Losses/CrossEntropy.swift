extension Tensor {
    /// Returns -ln softmax(x)[target], the classes being the second axis, or the only one.
    ///
    /// - Parameters:
    ///   - target: A class for each row, or, in the shape of the input, a probability for each class.
    ///   - weight: A factor for each class; the mean is then over the factors.
    ///   - ignoreIndex: A target that counts for nothing.
    ///   - labelSmoothing: How much of each target is spread over all classes.
    public func crossEntropy(
        _ target: Tensor,
        weight: Tensor? = nil,
        ignoreIndex: Int = -100,
        reduction: Reduction = .mean,
        labelSmoothing: Double = 0
    ) throws(TensorError) -> Tensor {
        guard labelSmoothing <= 1 else { throw .labelSmoothing(labelSmoothing) }
        let view = AxisView(shape, axis: classAxis)
        let smoothing = max(labelSmoothing, 0)
        guard shape != target.shape else {
            return try crossEntropy(probabilities: target, weight: weight, view, reduction, smoothing)
        }
        guard rank > 0 else { throw .dimensionOutOfRange(1, rank: 0) }
        let logarithms = try logSoftmax(dim: classAxis)
        try logarithms.check(target: target, weight: weight)
        let classes = ClassTargets(
            places: target.scalars(as: Int64.self),
            ignored: Int64(ignoreIndex),
            weight: weight?.scalars(as: Double.self),
            smoothing: smoothing
        )
        try classes.check(classCount: view.count)
        return try logarithms.negativeLikelihood(classes, view, reduction, shape: target.shape)
    }

    /// The axis of the classes: the second, or the only one.
    private var classAxis: Int { rank > 1 ? 1 : 0 }

    private func negativeLikelihood(
        _ classes: ClassTargets,
        _ view: AxisView,
        _ reduction: Reduction,
        shape: Shape
    ) throws(TensorError) -> Tensor {
        let name = rank > 2 ? "NllLoss2DBackward" : "NllLossBackward"
        let isSmooth = classes.smoothing > 0
        let node = isSmooth ? NodeName.add : NodeName(name + "0", old: name)
        let loss = try negativeLikelihood(classes, view, reduction, shape: shape, node: node)
        // PyTorch folds what is not an image into one, and the losses back.
        let isFolded = rank > 2 && rank != 4 && reduction == .none && !isSmooth
        return isFolded ? try loss.view(as: shape, "view", .view) : loss
    }

    private func crossEntropy(
        probabilities: Tensor,
        weight: Tensor?,
        _ view: AxisView,
        _ reduction: Reduction,
        _ smoothing: Double
    ) throws(TensorError) -> Tensor {
        guard probabilities.dtype.isFloatingPoint else { throw .probabilityTargetType(probabilities.dtype) }
        if let weight, weight.shape.dimensions != [view.count] {
            throw .probabilityClassWeights(classes: view.count, shape: weight.shape.dimensions)
        }
        let logarithms = try logSoftmax(dim: classAxis)
        let targets = ProbabilityTargets(
            probabilities: probabilities.scalars(as: Double.self),
            weight: weight?.scalars(as: Double.self),
            smoothing: smoothing,
            view: view
        )
        return try logarithms.negativeLikelihood(
            targets,
            view,
            reduction,
            shape: try shape.reduced(at: classAxis, keeping: false),
            node: reduction == .mean ? NodeName("DivBackward1") : NodeName("NegBackward0", old: "NegBackward")
        )
    }

    /// Checks targets that name classes, as PyTorch does, in its order; `self` is the input.
    private func check(target: Tensor, weight: Tensor?) throws(TensorError) {
        if let weight, weight.shape.dimensions != [shape[classAxis]] {
            throw .classWeights(classes: shape[classAxis], shape: weight.shape.dimensions)
        }
        guard rank > 1 else {
            guard target.rank <= 1 else { throw .severalTargets }
            guard target.elementCount == 1 else { throw .singleTarget(got: target.elementCount) }
            return try checkTypes(target: target, weight: weight)
        }
        let batch = target.shape.first ?? 0
        guard shape[0] == batch else { throw .batchSizes(input: shape[0], target: batch) }
        if rank == 2 {
            guard target.rank == 1 else { throw .severalTargets }
        } else {
            let expected = [shape[0]] + shape.dropFirst(2)
            guard target.shape.dimensions == expected else {
                throw .targetShape(expected: expected, got: target.shape.dimensions)
            }
        }
        try checkTypes(target: target, weight: weight)
    }

    private func checkTypes(target: Tensor, weight: Tensor?) throws(TensorError) {
        if target.dtype != .int64 {
            guard rank <= 2 else { throw .expectedScalarType(.int64, got: target.dtype) }
            guard target.dtype == .uint8 else { throw .targetType(target.dtype) }
        }
        if let weight, weight.dtype != dtype { throw .expectedScalarType(dtype, got: weight.dtype) }
    }
}
