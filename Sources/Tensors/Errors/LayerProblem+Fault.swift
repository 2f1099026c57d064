extension LayerProblem {
    /// What is at fault.
    var fault: TensorError.Fault {
        switch self {
        case .bag(let problem): problem.fault
        case .uneven(let problem): problem.fault
        case .convolutionTypes, .preluTypes: .type

        // Sizes and ranks of what goes in, or of what would come out.
        case .convolutionRank, .convolutionChannels, .emptyWeight, .emptyVolumeWeight, .maxPoolRank, .onlyEmptyBatches,
            .transposedOutput,
            .kernelBeyondInput, .poolRank, .emptyPoolInput, .emptyAdaptiveInput, .poolOutput, .poolKernelBeyondInput,
            .paddingRank,
            .emptyPaddedInput, .reflection, .paddedOutput, .gluOfScalar, .gluSize, .preluOfScalar, .preluChannels,
            .groupNormRank, .oneValuePerGroup, .groupChannels, .groupParameter, .featureDropoutRank, .shuffleRank,
            .shuffledChannels, .unshuffledSize, .channelShuffleRank, .channelShuffleChannels, .foldRank,
            .foldChannels, .foldBlocks, .foldSize, .noBlocks, .interpolatedRank, .interpolatedSize,
            .emptyInterpolation, .emptySequence:
            .shape

        // Values that arguments cannot have.
        case .crossMapGradient, .poolMeasure,
            .outputPadding, .notPositive, .transposedDilation, .negative, .tooLarge, .linePool,
            .poolPadding, .negativePoolPadding,
            .zeroStride, .zeroPoolDilation, .zeroDivisor, .negativeAdaptiveSize, .paddingLength, .negativeNarrowing,
            .circularPadding, .emptyCircularPadding, .negativeLambda, .zeroAlpha, .rreluBounds, .groupsNotPositive,
            .responseSize, .zeroResponseSize, .shuffleFactor, .channelShuffleGroups, .foldMeasure,
            .interpolationMode, .interpolationSizes, .interpolationFactors, .interpolationFactor:
            .argument
        }
    }
}
