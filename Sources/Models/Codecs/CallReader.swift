import JSON
package import Tensors

/// What a call, a trace or a backward says: its tensors, and hooks for it alone.
package struct CallDocument: Sendable {
    package var inputs: [Tensor]
    package var hooks: [HookDescription] = []
    /// The gradient of the output to start from, if there is one.
    package var gradOutput: Tensor?

    package init(inputs: [Tensor]) {
        self.inputs = inputs
    }
}

/// Reads a call, a trace or a backward for one module.
package struct CallReader {
    /// More inputs than any module takes, but few enough to let the module itself say so.
    private static let maxInputs = 16

    /// The dtype of a list that names none.
    let listDType: JSONTensorReader.ListDType
    /// The most hooks that a call may bring.
    let maxHooks: Int
    /// Whether `grad_output` may stand there.
    let takesGradient: Bool

    package init(listDType: JSONTensorReader.ListDType, maxHooks: Int, takesGradient: Bool = false) {
        self.listDType = listDType
        self.maxHooks = maxHooks
        self.takesGradient = takesGradient
    }

    /// Reads a whole text.
    package func call(in bytes: [UInt8]) throws -> CallDocument {
        try JSONBody.decode(bytes, call)
    }

    /// Reads a whole text, a list of hooks.
    package func hooks(in bytes: [UInt8]) throws -> [HookDescription] {
        try JSONBody.decode(bytes, hooks)
    }

    /// Reads the members one after the other: no tree of values stands between the text and the tensor.
    private func call(_ reader: inout JSONReader) throws -> CallDocument {
        var call = CallDocument(inputs: [])
        var inputKey: String?
        let tensors = JSONTensorReader(listDType: listDType)
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch key {
            case "input", "inputs":
                try Self.refuseBoth(inputKey, key, at: reader)
                inputKey = key
                call.inputs = key == "input" ? [try tensors.read(&reader)] : try Self.inputs(&reader, tensors)
            case "hooks": call.hooks = try hooks(&reader)
            case "grad_output" where takesGradient: call.gradOutput = try reader.readOptional(tensors.read)
            default: throw unknownField(key, at: reader.pointer)
            }
        }
        guard inputKey != nil else {
            throw DocumentProblem(.missingField, "A call needs the field 'input'.", expected: "input", pointer: "")
        }
        return call
    }

    private static func inputs(_ reader: inout JSONReader, _ tensors: JSONTensorReader) throws -> [Tensor] {
        let pointer = reader.pointer
        var count = 0
        return try reader.readArray { element in
            count += 1
            guard count <= maxInputs else {
                throw DocumentProblem(.invalidCall, "No module takes more than \(maxInputs) inputs.", pointer: pointer)
            }
            return try tensors.read(&element)
        }
    }

    private func hooks(_ reader: inout JSONReader) throws -> [HookDescription] {
        let hookReader = HookReader(listDType: listDType)
        var count = 0
        return try reader.readArray { element in
            count += 1
            guard count <= maxHooks else {
                throw DocumentProblem(.hooksPerCall, maxHooks, pointer: "/hooks")
            }
            return try hookReader.hook(&element)
        }
    }

    private static func refuseBoth(_ first: String?, _ second: String, at reader: JSONReader) throws(DocumentProblem) {
        guard first != nil else { return }
        throw DocumentProblem(
            .invalidField,
            "A call takes 'input' or 'inputs', not both.",
            got: .string(second),
            pointer: reader.pointer
        )
    }

    private func unknownField(_ key: String, at pointer: String) -> DocumentProblem {
        let known = ["input", "inputs", "hooks"] + (takesGradient ? ["grad_output"] : [])
        return DocumentProblem(
            .unknownField,
            "A call has no field '\(key)'.",
            expected: .array(known.map { .string($0) }),
            got: .string(key),
            pointer: pointer
        )
    }
}
