import Models
import NN
import Serving
import Tensors
import Web

/// Which code, and so which status, belongs to which error: the only place that knows.
extension ProblemCode {
    init(_ error: ServingError) {
        self =
            switch error {
            case .unknownModule, .unknownVersion: .moduleNotFound
            case .unknownParameter: .parameterNotFound
            case .unknownHook: .hookNotFound
            case .unknownPath, .hookRefused: .invalidHook
            case .nameTaken: .nameTaken
            case .inUse: .moduleInUse
            case .staleVersion, .mustNotExist, .versionExcluded: .preconditionFailed
            case .invalidName: .invalidName
            case .invalidDescription(let problem): ProblemCode(problem.fault)
            case .referenceCycle: .referenceCycle
            case .sizeMismatch: .shapeMismatch
            case .dtypeMismatch: .dtypeMismatch
            case .stateDictMismatch: .stateDictMismatch
            case .noNone: .invalidArgument
            case .assertionFailed: .hookFailed
            case .captureTooLarge: .answerTooLarge
            case .unknownOutput: .invalidCall
            case .limitExceeded(let name, _, _, _): ProblemCode(name)
            case .overloaded: .overloaded
            case .deadlineExpired: .deadlineExceeded
            case .shuttingDown: .draining
            }
    }

    init(_ error: ModelFileError) {
        self =
            switch error {
            case .noFile: .moduleNotFound
            case .unreadable, .notAFile, .tooLarge, .noDescription, .malformedIndex, .shardOutside, .notInShard:
                .malformedSafetensors
            }
    }

    init(_ kind: DocumentProblem.Kind) {
        self =
            switch kind {
            case .malformedJSON: .malformedJSON
            case .duplicateKey: .duplicateKey
            case .valueOutOfRange: .valueOutOfRange
            case .unknownField: .unknownField
            case .missingField: .missingField
            case .invalidField: .invalidField
            case .invalidArgument: .invalidArgument
            case .invalidTensor: .invalidTensor
            case .invalidHook: .invalidHook
            case .invalidCall: .invalidCall
            case .tensor(let error): ProblemCode(error)
            case .limit(let name): ProblemCode(name)
            case .notFinite: .notFinite
            case .answerTooLarge: .answerTooLarge
            }
    }

    init(_ limit: LimitName) {
        self =
            switch limit {
            case .modules, .bytes, .hookBytes: .registryFull
            case .parameterBytes, .treeModules, .graphNodes: .moduleTooLarge
            case .treeDepth: .treeTooDeep
            case .hooks, .hooksPerCall: .tooManyHooks
            case .listeners: .tooManyStreams
            }
    }

    init(_ fault: DescriptionProblem.Fault) {
        self =
            switch fault {
            case .unknownType: .unknownType
            case .unexpectedArgument: .unknownArgument
            case .missingArguments: .missingArgument
            case .refused, .argumentType, .notAContainer, .duplicateKey, .unexpectedKeys, .notInSequential, .tie:
                .invalidArgument
            case .state: .dtypeMismatch
            case .referenceAtRoot: .unknownReference
            case .impossibleTensor: .moduleTooLarge
            case .beyond(let name, _, _): ProblemCode(name)
            }
    }

    init(_ error: ModuleError) {
        self =
            switch error {
            case .missingForward, .missingArguments, .tooManyArguments, .unexpectedKeyword, .repeatedArgument,
                .missingParameter, .emptySlot:
                .invalidCall
            case .loading: .stateDictMismatch
            case .forwardHookReturned, .hooksChangedWhileRunning, .mixedBackwardHooks, .gradOutputCount,
                .gradInputCount,
                .gradInputWithoutInputs, .gradientChangedType, .gradientChangedSize:
                .invalidHook
            case .treeTooDeep: .treeTooDeep
            default: .invalidArgument
            }
    }

    init(_ error: TensorError) {
        self =
            switch error {
            case .tooManyBytes, .tooManyLiveBytes, .tooMuchWork, .outOfMemory, .storageOverflow: .tensorTooLarge
            case .raggedSequence, .nestedWhereNumberExpected, .notASequence, .invalidData, .tooManyDimensions,
                .cannotInferType, .integerOverflow, .notRepresentable, .scalarNotRepresentable, .negativeDimension,
                .countMismatch, .byteCountMismatch:
                .invalidTensor
            case .productTypes, .notImplemented, .noPromotion, .mixedTypes, .expectedScalarType, .resultCannotBeCast,
                .embeddingIndexType, .cannotRequireGradient:
                .dtypeMismatch
            case .dimensionOutOfRange, .indexOutOfBounds, .selectOutOfRange, .embeddingIndexOutOfRange,
                .topKOutOfRange, .targetOutOfBounds:
                .indexOutOfRange
            case .gradientNeedsScalar, .nothingRequiresGradient, .secondBackward, .gradientShape, .gradientCount,
                .unusedInput, .inferenceSaved:
                .notDifferentiable
            case .function(let problem): ProblemCode(problem)
            default: .shapeMismatch
            }
    }

    init(_ problem: FunctionProblem) {
        self =
            switch problem {
            case .conditionType, .maskType, .lerpType, .integerAddcdiv, .meanType, .noBools, .varianceType, .normType,
                .normResultType, .narrowedNorm, .indexType, .gatherIndexType, .scatterType, .indexSelectType,
                .takeIndexType, .maskedSelectType, .oneHotType, .topKBool, .stackTypes, .attentionTypes,
                .attentionMaskType, .cosineType:
                .dtypeMismatch
            case .selectIndex, .narrowStart, .tooManyIndices, .emptyIndexed, .gatherBounds, .indexSelectBounds,
                .oneHotClass:
                .indexOutOfRange
            case .noAttribute, .integerDivisionByZero, .numberDivisionByZero, .numberOverflow, .roundingMode,
                .geluFormula,
                .negativeIntegerPower,
                .fractionalAlpha, .booleanAlpha, .floatOverflow, .clampWithoutBounds, .sliceStepZero,
                .sliceStepNegative, .wrongIndex, .paddingMode, .paddingValue, .rangeStep, .truncatedRangeStep,
                .rangeBounds, .rangeDirection, .rangeSize, .negativeSteps, .eyeSize, .unknownSide, .oppositeSides,
                .einsum, .attentionMaskTwice:
                .invalidArgument
            default: .shapeMismatch
            }
    }
}
