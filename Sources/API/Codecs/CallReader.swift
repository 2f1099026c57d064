import HTTP
import JSON
import Serving
import Tensors

/// Reads the body of a call, a trace or a backward for one module.
struct CallReader {
    /// More inputs than any module takes, but few enough to let the module itself say so.
    private static let maxInputs = 16

    /// The dtype of a list that names none.
    let listDType: DType
    /// The most hooks that a call may bring.
    let maxHooks: Int
    /// Whether `grad_output` may stand there.
    let takesGradient: Bool
    /// The gradient of the output to start from, if the body that was read has one.
    private(set) var gradOutput: Tensor?

    init(listDType: DType, maxHooks: Int, takesGradient: Bool = false) {
        self.listDType = listDType
        self.maxHooks = maxHooks
        self.takesGradient = takesGradient
    }

    /// Reads the body of `exchange`, JSON or the bytes of one tensor.
    mutating func call(_ exchange: Exchange) throws -> CallRequest {
        switch try exchange.bodyType(among: [.json, .bytes]) {
        case .bytes: CallRequest(inputs: [try TensorBytes.tensor(exchange.request)])
        default: try JSONBody.decode(exchange.request.body) { try call(&$0) }
        }
    }

    /// Reads the members one after the other: no tree of values stands between the text and the tensor.
    private mutating func call(_ reader: inout JSONReader) throws -> CallRequest {
        var call = CallRequest(inputs: [])
        var inputKey: String?
        let tensors = JSONTensorReader(listDType: .fixed(listDType))
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch key {
            case "input", "inputs":
                try Self.refuseBoth(inputKey, key, at: reader)
                inputKey = key
                call.inputs = key == "input" ? [try tensors.read(&reader)] : try Self.inputs(&reader, tensors)
            case "hooks": call.hooks = try hooks(&reader)
            case "grad_output" where takesGradient: gradOutput = try reader.readOptional(tensors.read)
            default: throw unknownField(key, at: reader.pointer)
            }
        }
        guard inputKey != nil else {
            throw Problem(.missingField, "A call needs the field 'input'.", expected: "input", pointer: "")
        }
        return call
    }

    private static func inputs(_ reader: inout JSONReader, _ tensors: JSONTensorReader) throws -> [Tensor] {
        let pointer = reader.pointer
        var count = 0
        return try reader.readArray { element in
            count += 1
            guard count <= maxInputs else {
                throw Problem(.invalidCall, "No module takes more than \(maxInputs) inputs.", pointer: pointer)
            }
            return try tensors.read(&element)
        }
    }

    func hooks(_ reader: inout JSONReader) throws -> [HookDescription] {
        let hookReader = HookReader(listDType: listDType)
        var count = 0
        return try reader.readArray { element in
            count += 1
            guard count <= maxHooks else {
                throw ServingError.limitExceeded(.hooksPerCall, limit: maxHooks, requested: nil, at: ["hooks"])
            }
            return try hookReader.hook(&element)
        }
    }

    private static func refuseBoth(_ first: String?, _ second: String, at reader: JSONReader) throws(Problem) {
        guard first != nil else { return }
        throw Problem(
            .invalidField,
            "A call takes 'input' or 'inputs', not both.",
            got: .string(second),
            pointer: reader.pointer
        )
    }

    private func unknownField(_ key: String, at pointer: String) -> Problem {
        let known = ["input", "inputs", "hooks"] + (takesGradient ? ["grad_output"] : [])
        return Problem(
            .unknownField,
            "A call has no field '\(key)'.",
            expected: .array(known.map { .string($0) }),
            got: .string(key),
            pointer: pointer
        )
    }
}
