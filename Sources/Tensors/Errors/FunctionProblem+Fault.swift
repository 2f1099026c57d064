extension FunctionProblem {
    /// What is at fault.
    var fault: TensorError.Fault {
        switch self {
        case .conditionType, .maskType, .lerpType, .integerAddcdiv, .meanType, .noBools,
            .varianceType, .normType, .normResultType, .narrowedNorm, .indexType, .gatherIndexType,
            .scatterType, .indexSelectType, .takeIndexType, .maskedSelectType, .oneHotType,
            .topKBool, .stackTypes, .indexPutType, .attentionTypes, .attentionMaskType, .cosineType:
            .type
        case .selectIndex, .narrowStart, .tooManyIndices, .emptyIndexed, .gatherBounds,
            .indexSelectBounds, .oneHotClass:
            .index
        case .noAttribute, .integerDivisionByZero, .numberDivisionByZero, .numberOverflow,
            .roundingMode, .geluFormula, .negativeIntegerPower, .fractionalAlpha, .booleanAlpha, .floatOverflow,
            .clampWithoutBounds, .sliceStepZero, .sliceStepNegative, .wrongIndex, .paddingMode,
            .paddingValue, .rangeStep, .truncatedRangeStep, .rangeBounds, .rangeDirection,
            .rangeSize, .negativeSteps, .eyeSize, .unknownSide, .oppositeSides, .einsum,
            .attentionMaskTwice, .unflattenWithoutSizes, .unflattenSizes, .emptyStack:
            .argument
        case .fillingRank, .repeatedDimension, .emptyPlaces, .emptyExtreme, .uniqueOfNothing, .uniqueOfEmpty,
            .emptyDimension,
            .emptyNorm, .emptyNormDimension, .viewAcrossSteps, .permutationLength, .repeatedPermutation, .movedCounts,
            .repeatedMove, .narrowScalar, .narrowLength, .selectScalar, .noAxes, .negativeSplit,
            .emptySplit, .negativeSplits, .splitSum, .chunkCount, .noDimension, .diagonalAxes,
            .expandedLeading, .repeatAxes, .scalarConcatenation, .stackedShapes, .triangleRank, .indexedScalar,
            .slicedScalar, .indexShapes, .indexPutShape, .maskShape, .gatherRank, .gatherSize, .scatterSize,
            .indexSelectRank, .indexSelectScalar, .takeRanks, .rollWithoutShifts, .rollScalar, .rollCounts,
            .negativeRepeats, .repeatsRank, .repeatsSize, .oddPadding, .paddingLength, .paddingSize,
            .reflection, .wrapping, .emptyCircle, .paddedAway, .oneHotEmpty, .oneHotNegative,
            .searchedScalar, .searchedShapes, .boundariesRank, .notMatrix, .notMatrixAndVector,
            .notVectors, .notStack, .notVector, .attentionRanks, .attentionHeads:
            .shape
        }
    }
}
