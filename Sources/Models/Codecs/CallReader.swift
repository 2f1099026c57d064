import JSON
package import NN
package import OrderedCollections
package import Tensors

/// What a call, a trace or a backward says: its tensors, and hooks for it alone.
package struct CallDocument: Sendable {
    package var inputs: [Tensor]
    /// The inputs that were given by name.
    package var named: OrderedDictionary<String, Value> = [:]
    package var hooks: [HookDescription] = []
    /// What random functions and dropout draw from, as after `torch.manual_seed(seed)`.
    package var seed: UInt64?
    /// The gradient of the output to start from, if there is one.
    package var gradOutput: Tensor?
    /// The gradients of several outputs by name; None for those that are left out.
    package var gradOutputs: OrderedDictionary<String, Tensor>?

    package init(inputs: [Tensor]) {
        self.inputs = inputs
    }
}

/// An input of a module that names its inputs.
package struct NamedInput: Sendable {
    package var name: String
    /// The dtype of a list that names none.
    package var listDType: JSONTensorReader.ListDType
    /// Whether it is a plain value, such as a number, as its default is.
    package var takesValue: Bool

    package init(name: String, listDType: JSONTensorReader.ListDType, takesValue: Bool) {
        self.name = name
        self.listDType = listDType
        self.takesValue = takesValue
    }
}

/// Reads a call, a trace or a backward for one module.
package struct CallReader {
    /// More inputs than any module takes, but few enough to let the module itself say so.
    private static let maxInputs = 16
    /// More inputs than any module names.
    private static let maxNamed = 16_384

    /// The dtype of a list that names none.
    let listDType: JSONTensorReader.ListDType
    /// The most hooks that a call may bring.
    let maxHooks: Int
    /// Whether `grad_output` may stand there.
    let takesGradient: Bool
    /// The outputs by name, of a module that gives several, whose gradients may come in a list.
    let outputs: [String]
    /// The inputs by name, of a module that names them.
    let inputs: [NamedInput]

    package init(
        listDType: JSONTensorReader.ListDType,
        maxHooks: Int,
        takesGradient: Bool = false,
        inputs: [NamedInput] = [],
        outputs: [String] = []
    ) {
        self.outputs = outputs
        self.inputs = inputs
        self.listDType = listDType
        self.maxHooks = maxHooks
        self.takesGradient = takesGradient
    }

    /// Reads a whole text.
    package func call(in bytes: [UInt8]) throws -> CallDocument {
        try JSONBody.decode(bytes) { try call(&$0) }
    }

    /// Reads a whole text, a list of hooks.
    package func hooks(in bytes: [UInt8]) throws -> [HookDescription] {
        try JSONBody.decode(bytes) { try hooks(&$0) }
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
                try readInputs(key, &reader, tensors, into: &call)
            case "hooks": call.hooks = try hooks(&reader)
            case "seed": call.seed = try reader.readOptional { try $0.readSeed() }
            case "grad_output" where takesGradient: try readGradients(&reader, tensors, into: &call)
            default: throw unknownField(key, at: reader.pointer)
            }
        }
        return call
    }

    private func readInputs(
        _ key: String,
        _ reader: inout JSONReader,
        _ tensors: JSONTensorReader,
        into call: inout CallDocument
    ) throws {
        if key == "input" {
            let only = inputs.count == 1 ? JSONTensorReader(listDType: inputs[0].listDType) : tensors
            call.inputs = [try only.read(&reader)]
        } else if try reader.peekKind() == .object {
            try readNamed(&reader, into: &call)
        } else {
            call.inputs = try listed(&reader, tensors)
        }
    }

    private func readNamed(_ reader: inout JSONReader, into call: inout CallDocument) throws {
        try reader.beginObject()
        while let name = try reader.nextKey() {
            guard call.named.count < Self.maxNamed else {
                throw DocumentProblem(
                    .invalidCall,
                    "A call has at most \(Self.maxNamed) inputs.",
                    pointer: reader.pointer
                )
            }
            let input = inputs.first { $0.name == name }
            call.named[name] = try value(&reader, input)
        }
    }

    /// Reads a tensor, or a value that is none where the input's default is none.
    private func value(_ reader: inout JSONReader, _ input: NamedInput?) throws -> Value {
        let kind = try reader.peekKind()
        if kind == .null {
            try reader.readNull()
            return .none
        }
        if input?.takesValue == true, kind != .object, kind != .array {
            return ArgumentValue(try reader.readValue()).value
        }
        return .tensor(try JSONTensorReader(listDType: input?.listDType ?? listDType).read(&reader))
    }

    /// Reads the gradient of one output, or those of several by name or in their order.
    private func readGradients(
        _ reader: inout JSONReader,
        _ tensors: JSONTensorReader,
        into call: inout CallDocument
    ) throws {
        if outputs.count > 1, try reader.peekKind() == .array {
            return call.gradOutputs = try listedGradients(&reader, tensors)
        }
        guard try reader.peekKind() == .object, try !Self.isTensor(reader) else {
            return call.gradOutput = try reader.readOptional(tensors.read)
        }
        var gradients: OrderedDictionary<String, Tensor> = [:]
        try reader.beginObject()
        while let name = try reader.nextKey() {
            if let gradient = try reader.readOptional(tensors.read) { gradients[name] = gradient }
        }
        call.gradOutputs = gradients
    }

    private func listedGradients(
        _ reader: inout JSONReader,
        _ tensors: JSONTensorReader
    ) throws -> OrderedDictionary<String, Tensor> {
        let pointer = reader.pointer
        var names = outputs[...]
        var gradients: OrderedDictionary<String, Tensor> = [:]
        try reader.beginArray()
        while try reader.nextElement() {
            guard let name = names.popFirst() else {
                let text = "The module gives \(outputs.count) outputs: \(outputs.joined(separator: ", "))."
                throw DocumentProblem(.invalidCall, text, pointer: pointer)
            }
            if let gradient = try reader.readOptional(tensors.read) { gradients[name] = gradient }
        }
        return gradients
    }

    /// Whether the next value, an object, says what a tensor holds.
    private static func isTensor(_ reader: JSONReader) throws -> Bool {
        var ahead = reader
        try ahead.beginObject()
        while let key = try ahead.nextKey() {
            if key == "data" { return try ahead.peekKind() != .object }
            try ahead.skipValue()
        }
        return false
    }

    private func listed(_ reader: inout JSONReader, _ tensors: JSONTensorReader) throws -> [Tensor] {
        let pointer = reader.pointer
        var count = 0
        return try reader.readArray { element in
            count += 1
            guard count <= max(Self.maxInputs, inputs.count) else {
                let text = "No module takes more than \(Self.maxInputs) inputs."
                throw DocumentProblem(.invalidCall, text, pointer: pointer)
            }
            guard inputs.indices.contains(count - 1) else { return try tensors.read(&element) }
            return try JSONTensorReader(listDType: inputs[count - 1].listDType).read(&element)
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
        let known = ["input", "inputs", "hooks", "seed"] + (takesGradient ? ["grad_output"] : [])
        return DocumentProblem(
            .unknownField,
            "A call has no field '\(key)'.",
            expected: .array(known.map { .string($0) }),
            got: .string(key),
            pointer: pointer
        )
    }
}
