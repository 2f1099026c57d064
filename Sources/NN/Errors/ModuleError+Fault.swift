extension ModuleError {
    /// What is wrong, roughly: whoever answers a caller goes by it.
    public enum Fault: Sendable, CaseIterable {
        /// Arguments that `forward` does not take.
        case call
        /// A hook that breaks the rules.
        case hook
        /// A value that an argument of a constructor or a function cannot have.
        case argument
        /// Sizes or ranks that do not fit the module.
        case shape
        /// Types that an operation does not take.
        case type
        /// A place that is not there.
        case index
        /// A tree that is too deep.
        case depth
        /// A state dictionary of another module.
        case state
    }

    /// What is at fault.
    public var fault: Fault {
        switch self {
        // Calls.
        case .missingForward, .uncallable, .missingArguments, .tooManyArguments, .unexpectedKeyword, .repeatedArgument,
            .missingParameter, .argumentType, .elementType, .outputIsNoTensor, .emptySlot:
            .call
        case .notSubscriptable, .sliceBound, .zeroSliceStep: .argument
        case .sequenceIndex: .index

        // Hooks.
        case .hookTakesTensors, .forwardHookReturned, .hooksChangedWhileRunning, .mixedBackwardHooks,
            .gradOutputCount, .gradInputCount, .gradInputWithoutInputs, .gradientChangedType, .gradientChangedSize:
            .hook

        // Trees.
        case .emptyName, .dottedName, .nameTaken, .cannotAssign, .containsItself, .noChild, .noSuchEntry, .cannotCopy:
            .argument
        case .treeTooDeep: .depth
        case .indexOutOfRange, .insertionOutOfRange: .index

        // State.
        case .loading: .state
        case .convertsToIntegers, .cannotRequireGrad: .type

        // Arguments of layers, initialisers and optimisers.
        case .invalidPadding, .fanOfVector, .divisionByZero, .emptyParameterList, .invalidValue, .invalidBeta,
            .nesterovNeedsMomentum, .emptyRange, .invalidDropout, .nonPositiveFeatures:
            .argument
        case .batchNormRank: .shape
        case .layer(let problem): problem.fault
        }
    }
}

extension LayerArgumentProblem {
    fileprivate var fault: ModuleError.Fault {
        switch self {
        case .sizeCount, .groupsNotPositive, .groupsDoNotDivide, .paddingName, .stridedSamePadding, .paddingMode,
            .transposedPaddingMode, .moduloByZero, .groupsDoNotDivideChannels, .alignedCorners, .noSizeOrFactor,
            .sizeAndFactor, .projectionWithoutLSTM, .recurrentDropout, .notPositive, .negativeProjection,
            .largeProjection, .nonlinearity, .cellNonlinearity, .attentionSizes, .headsDoNotDivide, .activation,
            .bagMode, .noneSize, .listedSizes,
            .scaledMaximum, .sparseMaximum, .bagPadding, .fractionalSizes, .fractionalRatio, .unpooledSizeCount,
            .unpooledSize, .negativeUnpooledSize:
            .argument
        case .recurrentTypes: .type
        case .inputRank, .channels, .oneSpatialElement, .responseRank, .crossMapRank, .lineDropoutRank, .softmaxRank,
            .sequenceRank, .sequenceSize, .recurrentWeights, .stateRank, .stateSize, .cellRank, .cellInput, .cellBatch,
            .cellState, .attentionRank, .attentionRanks, .attentionSize, .attentionKeys, .paddingMaskRank, .paddingMask,
            .attentionMaskRank, .attentionMask, .transformerBatches, .transformerSizes:
            .shape
        }
    }
}
