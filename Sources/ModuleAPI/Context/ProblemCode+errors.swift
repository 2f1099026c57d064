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
            case .overloaded, .notInMemory: .overloaded
            case .deadlineExpired: .deadlineExceeded
            case .shuttingDown: .draining
            case .damagedModule: .damagedModule
            case .insufficientStorage: .insufficientStorage
            case .storeFailed: .storeFailed
            case .storeUnavailable: .storeUnavailable
            case .replicaBehind: .replicaBehind
            case .unknownRevision: .preconditionFailed
            }
    }

    init(_ error: ModelFileError) {
        self =
            switch error {
            case .noFile: .moduleNotFound
            case .unreadable, .notAFile, .tooLarge, .noDescription, .malformedIndex, .shardOutside, .notInShard,
                .misplaced:
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
            case .tensor(let error): ProblemCode(error.fault)
            case .limit(let name): ProblemCode(name)
            case .notFinite: .notFinite
            case .answerTooLarge: .answerTooLarge
            }
    }

    init(_ limit: LimitName) {
        self =
            switch limit {
            case .modules, .bytes, .hookBytes: .registryFull
            case .parameterBytes, .treeModules, .graphNodes, .callNodes: .moduleTooLarge
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

    init(_ fault: ModuleError.Fault) {
        self =
            switch fault {
            case .call: .invalidCall
            case .hook: .invalidHook
            case .argument: .invalidArgument
            case .shape: .shapeMismatch
            case .type: .dtypeMismatch
            case .index: .indexOutOfRange
            case .depth: .treeTooDeep
            case .state: .stateDictMismatch
            }
    }

    init(_ fault: TensorError.Fault) {
        self =
            switch fault {
            case .size: .tensorTooLarge
            case .data: .invalidTensor
            case .shape: .shapeMismatch
            case .type: .dtypeMismatch
            case .argument: .invalidArgument
            case .index: .indexOutOfRange
            case .gradient: .notDifferentiable
            }
    }
}
