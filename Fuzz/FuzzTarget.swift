/// What can be fuzzed: everything that takes bytes from a client.
///
/// A target fails by trapping. Each checks more than that it survives: two ways to the same result must agree.
enum FuzzTarget: String, CaseIterable {
    case request, chunked, host, percentDecoding = "percent-decoding", negotiation, gzip
    case frames
    case json, jsonTensor = "json-tensor", binaryTensor = "binary-tensor", safetensors, description
    case protobuf, messages

    /// The target of this process; set once before fuzzing starts, which uses one thread.
    nonisolated(unsafe) static var current = FuzzTarget.request

    /// Tries one input.
    func run(_ input: [UInt8]) {
        switch self {
        case .request: fuzzRequest(input)
        case .chunked: fuzzChunked(input)
        case .host: fuzzHost(input)
        case .percentDecoding: fuzzPercentDecoding(input)
        case .negotiation: fuzzNegotiation(input)
        case .gzip: fuzzContentCoding(input)
        case .frames: fuzzFrames(input)
        case .json: fuzzJSON(input)
        case .jsonTensor: fuzzJSONTensor(input)
        case .binaryTensor: fuzzBinaryTensor(input)
        case .safetensors: fuzzSafetensors(input)
        case .description: fuzzDescription(input)
        case .protobuf: fuzzProtobuf(input)
        case .messages: fuzzMessages(input)
        }
    }
}
