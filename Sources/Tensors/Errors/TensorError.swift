/// A way in which tensors cannot be what was asked for; `message(_:)` gives PyTorch's text.
public enum TensorError: Error, Equatable, Sendable {
    // Construction.
    case negativeDimension(Int, shape: [Int])
    case storageOverflow(shape: [Int])
    case outOfMemory(Int)
    case tooManyBytes(Int, limit: Int)
    case tooManyLiveBytes(limit: Int)
    case tooMuchWork(limit: Int)
    case countMismatch(shape: [Int], expected: Int, got: Int)
    case byteCountMismatch(DType, shape: [Int], expected: Int, got: Int)
    case notOneElement(count: Int)

    // Nested data.
    case raggedSequence(expected: Int, dimension: Int, got: Int)
    case nestedWhereNumberExpected(String)
    case realNumberExpected(String)
    case notASequence
    case invalidData(String)
    case tooManyDimensions(String)
    case cannotInferType(String)
    case integerOverflow
    case notRepresentable(DType)
    case scalarNotRepresentable(DType)

    // Shapes.
    case dimensionOutOfRange(Int, rank: Int)
    case broadcastMismatch(Int, Int, dimension: Int)
    case expandMismatch(target: [Int], from: [Int], dimension: Int)
    case expandRank(DType, from: [Int], target: [Int])
    case outputMismatch([Int], broadcast: [Int])
    case tooManyAxes(Int)
    case invalidReshape([Int], elementCount: Int)
    case ambiguousReshape([Int])
    case severalInferredDimensions
    case invalidReshapeDimension(Int, index: Int, shape: [Int])
    case flattenOrder
    case indexOutOfBounds(Int, dimension: Int, size: Int)
    case selectOutOfRange(Int, shape: [Int], dimension: Int)
    case sliceOutOfBounds(start: Int, length: Int, size: Int)
    case concatenationSizes(expected: Int, got: Int, index: Int, dimension: Int)
    case concatenationRanks(Int, Int)
    case emptyConcatenation

    // Products.
    case productNeedsAxes(operation: String, Int, Int)
    case productShapes(rows: Int, inner: Int, otherInner: Int, columns: Int)
    case dotShapes(Int, Int)
    case matrixVectorShapes(rows: Int, columns: Int, vector: Int)
    case batchedProductShapes(expected: [Int], got: [Int])
    case weightNotMatrix(rank: Int)
    case weightRank(Int)
    case productTypes(Product, DType, DType)
    case bilinear(BilinearProblem)

    // Types.
    case notImplemented(kernel: String, DType)
    case noPromotion(DType, DType)
    case boolSubtraction
    case boolOperandSubtraction
    case boolNegation
    case boolRelu
    case boolHardtanh
    case unsignedHardtanh
    case meanNeedsFloats(DType)
    case mixedTypes
    case parametersMustBeFloat
    case expectedScalarType(DType, got: DType)
    case resultCannotBeCast(from: DType, to: DType)
    case cannotRequireGradient

    // Functions.
    case function(FunctionProblem)

    // Layers.
    case invalidDropout(Double)
    case normalizedShape([Int], input: [Int], operation: Normalization)
    case emptyNormalizedShape
    case tooFewAxes(expected: Int, got: Int)
    case normalizationParameter(String, shape: [Int], normalizedShape: [Int])
    case channelCount(String, expected: Int, got: Int)
    case oneValuePerChannel([Int])
    case missingRunningStatistics(String)
    case embeddingIndexType(DType)
    case embeddingWeightRank
    case embeddingIndexOutOfRange
    case topKOutOfRange

    // Windows, images and the rest of torch.nn.
    case layer(LayerProblem)

    // Random numbers.
    case random(RandomProblem)

    // Losses.
    case targetOutOfBounds(Int)
    case batchSizes(input: Int, target: Int)
    case classWeights(classes: Int, shape: [Int])
    case probabilityClassWeights(classes: Int, shape: [Int])
    case severalTargets
    case singleTarget(got: Int)
    case targetShape(expected: [Int], got: [Int])
    case targetSize(target: [Int], input: [Int])
    case targetType(DType)
    case probabilityTargetType(DType)
    case labelSmoothing(Double)
    case invalidReduction(String)

    // Autograd.
    case gradientNeedsScalar
    case nothingRequiresGradient(index: Int)
    case secondBackward
    case gradientShape(index: Int, gradient: [Int], output: [Int])
    case invalidGradient(of: String, index: Int, got: [Int], expected: [Int])
    case gradientResultCount(of: String, expected: Int, got: Int)
    case gradientCount(expected: Int, got: Int)
    case unusedInput(index: Int)
    case targetRequiresNoGradient
    case inferenceSaved

    /// Which of PyTorch's matrix products met two dtypes.
    public enum Product: Sendable, Equatable {
        case matrices, dot, matrixVector, batched
        /// Two matrices and a bias: the input has two axes, or its axes were folded into two.
        case linearMatrix, linearFolded, linearBias
    }

    /// What does not fit in a bilinear call.
    public enum BilinearProblem: Sendable, Equatable {
        case ranks(Int, Int)
        case batch(dimension: Int, Int, Int)
        case input(number: Int, got: Int, expected: Int)
        case bias(got: Int, expected: Int)
        case weightRank(Int)
        case types(input1: DType, input2: DType, weight: DType, bias: DType?)
    }

    /// The normalisations whose texts differ in a detail.
    public enum Normalization: Sendable, Equatable {
        case layer, rms
    }
}
