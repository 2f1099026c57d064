import JSON
import Models
import ModuleAPI
import Web

extension InferParameters {
    /// Reads a `parameters` object: the reserved ones are honoured or refused, other scalars accepted.
    init(_ value: JSONValue?) throws(InferenceError) {
        for (name, parameter) in try Self.members(of: value, field: "parameters") {
            try read(parameter, name: name)
        }
    }

    private mutating func read(_ value: JSONValue, name: String) throws(InferenceError) {
        switch name {
        case "binary_data_output":
            guard let flag = value.asBool else { throw .parameterKind(name, expected: "true or false") }
            binaryDataOutput = flag
        case "priority": priority = try Self.wholeNumber(value, name: name)
        case "timeout":
            let microseconds = try Self.wholeNumber(value, name: name)
            // Triton reads 0 as "no timeout".
            timeout = microseconds == 0 ? nil : .microseconds(microseconds)
        case "hooks": hooks = try Self.hooks(value)
        case "seed": seed = try Self.seed(value)
        case "headers",
            _ where name.hasPrefix("sequence_") || name.hasPrefix("triton_"):
            throw .unservedParameter(name)
        default: try Self.requireScalar(value, name: name)
        }
    }

    /// Returns the members of an object that need not be there.
    ///
    /// Clients with typed models send null for what nobody has set, so null is absence here and in the object.
    static func members(of value: JSONValue?, field: String) throws(InferenceError) -> [JSONObject.Member] {
        guard let value, value != .null else { return [] }
        guard let object = value.asObject else { throw .wrongKind(field: field, expected: "an object") }
        return object.filter { $0.value != .null }
    }

    /// Returns a number that is whole and not negative.
    static func wholeNumber(_ value: JSONValue, name: String) throws(InferenceError) -> Int {
        guard let number = value.asInt, number >= 0 else {
            throw .parameterKind(name, expected: "a whole number that is not negative")
        }
        return number
    }

    /// Returns a seed: PyTorch's range, negative numbers as two's complement.
    private static func seed(_ value: JSONValue) throws(InferenceError) -> UInt64 {
        switch value {
        case .number(.int(let seed)): return UInt64(bitPattern: seed)
        case .number(.uint(let seed)): return seed
        default: throw .parameterKind("seed", expected: "a whole number from -2^63 to 2^64 - 1")
        }
    }

    /// Refuses what is no string, number or boolean.
    static func requireScalar(_ value: JSONValue, name: String) throws(InferenceError) {
        switch value {
        case .string, .number, .bool: return
        case .null, .array, .object: throw .parameterKind(name, expected: "a string, a number or a boolean")
        }
    }

    /// Returns the hooks of a request: an array, or the text of one.
    private static func hooks(_ value: JSONValue) throws(InferenceError) -> JSONValue {
        guard let text = value.asString else { return value }
        do {
            return try JSONValue(parsing: Array(text.utf8))
        } catch {
            throw .parameterKind("hooks", expected: "an array of hooks, or its JSON text (\(error))")
        }
    }
}

extension RequestedOutput {
    /// Reads one element of `outputs`.
    init(_ value: JSONValue) throws(InferenceError) {
        guard let object = value.asObject else { throw .wrongKind(field: "outputs", expected: "a list of objects") }
        guard let name = object["name"]?.asString else { throw .missingField("the name of an output") }
        self.init(name: name)
        let parameters = try InferParameters.members(of: object["parameters"], field: "the parameters of '\(name)'")
        for (name, parameter) in parameters {
            try read(parameter, name: name)
        }
    }

    private mutating func read(_ value: JSONValue, name: String) throws(InferenceError) {
        switch name {
        case "binary_data":
            guard let flag = value.asBool else { throw .parameterKind(name, expected: "true or false") }
            isBinary = flag
        case "classification":
            let count = try InferParameters.wholeNumber(value, name: name)
            // Triton reads 0 as "no classification".
            classCount = count == 0 ? nil : count
        case _ where name.hasPrefix("shared_memory_"): throw .unservedParameter(name)
        default: try InferParameters.requireScalar(value, name: name)
        }
    }
}
