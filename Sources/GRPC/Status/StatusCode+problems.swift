import Web

extension StatusCode {
    /// Creates the status of a call that ended with a problem; every code has one.
    init(_ code: ProblemCode) {
        self =
            switch code {
            case .malformedTarget, .malformedQuery, .malformedField, .malformedJSON, .duplicateKey,
                .malformedTensorHeaders,
                .malformedTensorBytes, .malformedSafetensors, .malformedContentCoding, .notAcceptable, .invalidName,
                .unknownField, .missingField, .invalidField, .unknownType, .unknownArgument, .missingArgument,
                .invalidArgument, .invalidTensor, .shapeMismatch, .dtypeMismatch, .indexOutOfRange, .valueOutOfRange,
                .notDifferentiable, .invalidCall, .stateDictMismatch, .unknownReference, .referenceCycle, .treeTooDeep,
                .moduleTooLarge, .tensorTooLarge, .invalidHook, .tooManyHooks, .hookFailed, .notFinite:
                .invalidArgument
            case .moduleNotFound, .parameterNotFound, .hookNotFound: .notFound
            case .bodyTooLarge, .answerTooLarge, .registryFull, .tooManyRequests, .tooManyStreams,
                .insufficientStorage:
                .resourceExhausted
            case .nameTaken: .alreadyExists
            case .moduleInUse, .preconditionFailed, .damagedModule: .failedPrecondition
            case .notFound, .methodNotAllowed, .methodNotImplemented, .unsupportedMediaType,
                .unsupportedContentCoding:
                .unimplemented
            case .internalError: .internalError
            case .overloaded, .deadlineExceeded, .draining, .notReady, .storeFailed, .storeUnavailable, .replicaBehind:
                .unavailable
            case .forbidden, .crossOrigin, .misdirectedRequest: .permissionDenied
            case .unauthorized: .unauthenticated
            }
    }
}
