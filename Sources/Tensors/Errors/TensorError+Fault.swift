extension TensorError {
    /// What is wrong, roughly: whoever answers a caller goes by it.
    public enum Fault: Sendable, CaseIterable {
        /// It takes more memory or work than there may be.
        case size
        /// Data that are no numbers, or not those of the tensor that is described.
        case data
        /// Sizes or ranks that do not fit one another.
        case shape
        /// Types that do not fit one another, or that an operation does not take.
        case type
        /// A value that an argument cannot have.
        case argument
        /// A place that is not there.
        case index
        /// A graph that does not lead to what gradients are wanted of.
        case gradient
    }

    /// What is at fault.
    public var fault: Fault {
        switch self {
        case .storageOverflow, .outOfMemory, .tooManyBytes, .tooManyLiveBytes, .tooMuchWork: .size
        case .negativeDimension, .countMismatch, .byteCountMismatch: .data
        case .notOneElement: .shape

        // Nested data.
        case .raggedSequence, .nestedWhereNumberExpected, .realNumberExpected, .notASequence, .invalidData,
            .tooManyDimensions, .cannotInferType, .integerOverflow, .notRepresentable, .scalarNotRepresentable:
            .data

        // Shapes.
        case .broadcastMismatch, .expandMismatch, .expandRank, .outputMismatch, .tooManyAxes, .concatenationSizes,
            .concatenationRanks:
            .shape
        case .invalidReshape, .ambiguousReshape, .severalInferredDimensions, .invalidReshapeDimension, .flattenOrder,
            .emptyConcatenation:
            .argument
        case .dimensionOutOfRange, .indexOutOfBounds, .selectOutOfRange, .sliceOutOfBounds: .index

        // Products.
        case .productNeedsAxes, .productShapes, .dotShapes, .matrixVectorShapes, .batchedProductShapes,
            .weightNotMatrix, .weightRank:
            .shape
        case .productTypes: .type
        case .bilinear(let problem): problem.fault

        // Types.
        case .notImplemented, .noPromotion, .boolSubtraction, .boolOperandSubtraction, .boolNegation, .boolRelu,
            .boolHardtanh, .unsignedHardtanh, .meanNeedsFloats, .mixedTypes, .parametersMustBeFloat,
            .expectedScalarType, .resultCannotBeCast, .cannotRequireGradient:
            .type

        // Layers.
        case .normalizedShape, .emptyNormalizedShape, .tooFewAxes, .normalizationParameter, .channelCount,
            .oneValuePerChannel, .embeddingWeightRank:
            .shape
        case .invalidDropout, .missingRunningStatistics: .argument
        case .embeddingIndexType: .type
        case .layer(let problem): problem.fault
        case .embeddingIndexOutOfRange, .topKOutOfRange: .index

        // Functions.
        case .function(let problem): problem.fault

        // Random numbers.
        case .random: .argument

        // Losses.
        case .targetOutOfBounds: .index
        case .batchSizes, .classWeights, .probabilityClassWeights, .severalTargets, .singleTarget, .targetShape,
            .targetSize:
            .shape
        case .targetType, .probabilityTargetType: .type
        case .labelSmoothing, .invalidReduction: .argument

        // Autograd.
        case .gradientShape, .invalidGradient: .shape
        case .gradientNeedsScalar, .nothingRequiresGradient, .secondBackward, .gradientResultCount, .gradientCount,
            .unusedInput, .targetRequiresNoGradient, .inferenceSaved:
            .gradient
        }
    }
}

extension TensorError.BilinearProblem {
    fileprivate var fault: TensorError.Fault {
        switch self {
        case .ranks, .batch, .input, .bias, .weightRank: .shape
        case .types: .type
        }
    }
}
