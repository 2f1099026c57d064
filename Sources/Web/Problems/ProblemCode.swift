/// What kind of thing went wrong, in a word that programs may rely on.
///
/// `openapi.yaml` lists them all.
package enum ProblemCode: String, CaseIterable, Sendable {
    // 400: the request cannot be read.
    case malformedTarget = "malformed_target"
    case malformedQuery = "malformed_query"
    case malformedField = "malformed_field"
    case malformedJSON = "malformed_json"
    case duplicateKey = "duplicate_key"
    case malformedTensorHeaders = "malformed_tensor_headers"
    case malformedTensorBytes = "malformed_tensor_bytes"
    case malformedSafetensors = "malformed_safetensors"
    case malformedContentCoding = "malformed_content_coding"
    // 401, 403: the caller may not ask.
    case unauthorized
    case forbidden
    case crossOrigin = "cross_origin"
    // 404: it is not there.
    case notFound = "not_found"
    case moduleNotFound = "module_not_found"
    case parameterNotFound = "parameter_not_found"
    case hookNotFound = "hook_not_found"
    // 405, 406, 415: the form is not offered.
    case methodNotAllowed = "method_not_allowed"
    case notAcceptable = "not_acceptable"
    case unsupportedMediaType = "unsupported_media_type"
    case unsupportedContentCoding = "unsupported_content_coding"
    // 409: it would collide with what is there.
    case nameTaken = "name_taken"
    case moduleInUse = "module_in_use"
    case registryFull = "registry_full"
    case damagedModule = "damaged_module"
    // 412, 413.
    case preconditionFailed = "precondition_failed"
    case bodyTooLarge = "body_too_large"
    // 421: it is for another server.
    case misdirectedRequest = "misdirected_request"
    // 422: it can be read, and it is wrong.
    case invalidName = "invalid_name"
    case unknownField = "unknown_field"
    case missingField = "missing_field"
    case invalidField = "invalid_field"
    case unknownType = "unknown_type"
    case unknownArgument = "unknown_argument"
    case missingArgument = "missing_argument"
    case invalidArgument = "invalid_argument"
    case invalidTensor = "invalid_tensor"
    case shapeMismatch = "shape_mismatch"
    case dtypeMismatch = "dtype_mismatch"
    case indexOutOfRange = "index_out_of_range"
    case valueOutOfRange = "value_out_of_range"
    case notDifferentiable = "not_differentiable"
    case invalidCall = "invalid_call"
    case stateDictMismatch = "state_dict_mismatch"
    case unknownReference = "unknown_reference"
    case referenceCycle = "reference_cycle"
    case treeTooDeep = "tree_too_deep"
    case moduleTooLarge = "module_too_large"
    case tensorTooLarge = "tensor_too_large"
    case invalidHook = "invalid_hook"
    case tooManyHooks = "too_many_hooks"
    case hookFailed = "hook_failed"
    case answerTooLarge = "answer_too_large"
    case notFinite = "not_finite"
    // 429, 503: not now.
    case tooManyRequests = "too_many_requests"
    case tooManyStreams = "too_many_streams"
    case overloaded
    case deadlineExceeded = "deadline_exceeded"
    case draining
    case notReady = "not_ready"
    case storeFailed = "store_failed"
    case storeUnavailable = "store_unavailable"
    case replicaBehind = "replica_behind"
    // 500, 501, 507.
    case internalError = "internal_error"
    case methodNotImplemented = "method_not_implemented"
    case insufficientStorage = "insufficient_storage"

    /// The status code of an answer that says so.
    package var status: Int {
        switch self {
        case .malformedTarget, .malformedQuery, .malformedField, .malformedJSON, .duplicateKey,
            .malformedTensorHeaders, .malformedTensorBytes, .malformedSafetensors, .malformedContentCoding:
            400
        case .unauthorized: 401
        case .forbidden, .crossOrigin: 403
        case .notFound, .moduleNotFound, .parameterNotFound, .hookNotFound: 404
        case .methodNotAllowed: 405
        case .notAcceptable: 406
        case .nameTaken, .moduleInUse, .registryFull, .damagedModule: 409
        case .preconditionFailed: 412
        case .bodyTooLarge: 413
        case .unsupportedMediaType, .unsupportedContentCoding: 415
        case .misdirectedRequest: 421
        case .tooManyRequests, .tooManyStreams: 429
        case .internalError: 500
        case .methodNotImplemented: 501
        case .overloaded, .deadlineExceeded, .draining, .notReady, .storeFailed, .storeUnavailable, .replicaBehind:
            503
        case .insufficientStorage: 507
        case .invalidName, .unknownField, .missingField, .invalidField, .unknownType, .unknownArgument,
            .missingArgument, .invalidArgument, .invalidTensor, .shapeMismatch, .dtypeMismatch, .indexOutOfRange,
            .valueOutOfRange, .notDifferentiable, .invalidCall, .stateDictMismatch, .unknownReference, .referenceCycle,
            .treeTooDeep, .moduleTooLarge, .tensorTooLarge, .invalidHook, .tooManyHooks, .hookFailed, .answerTooLarge,
            .notFinite:
            422
        }
    }

    /// The code in words, the `title` of a problem document.
    package var title: String {
        let words = rawValue.split(separator: "_").map { $0 == "json" ? "JSON" : String($0) }
        let sentence = words.joined(separator: " ")
        return sentence.prefix(1).uppercased() + sentence.dropFirst()
    }

    /// The `type` of a problem document: a name, not a place.
    package var type: String { "urn:callpath:problem:\(rawValue)" }
}
