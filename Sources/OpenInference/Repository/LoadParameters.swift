import GRPC
import JSON
import Models
import ModuleAPI
import Web

/// What a load brings along in place of the model's folder.
struct LoadParameters {
    /// The description of the module as JSON; `nil` if a file or the folder has it.
    var configuration: String?
    /// A safetensors file, under the name that it came by.
    var file: (name: String, bytes: [UInt8])?

    /// Reads `{"config": "...", "file:1/model.safetensors": "<base64>"}`; `nil` says nothing.
    init(_ value: JSONValue?) throws(InferenceError) {
        for (name, parameter) in try InferParameters.members(of: value, field: "parameters") {
            guard name == "config" || name.hasPrefix("file:") else {
                try InferParameters.requireScalar(parameter, name: name)
                continue
            }
            guard let text = parameter.asString else { throw .parameterKind(name, expected: "a string") }
            if name == "config" { configuration = text } else { try readFile(name, text) }
        }
        try finish()
    }

    /// Reads the same from a message, where a file's bytes stand as they are.
    init(_ parameters: ProtobufMap<RepositoryParameter>, in octets: [UInt8]) throws(InferenceError) {
        for (name, parameter) in parameters {
            switch (name.text, parameter) {
            case (_, .unset): continue
            case ("config", .string(let text)): configuration = text
            case ("config", _): throw .parameterKind(name.text, expected: "a string")
            case (let name, .bytes(let range)) where name.hasPrefix("file:"):
                try keepFile(name, Array(octets[range]))
            case (let name, _) where name.hasPrefix("file:"): throw .parameterKind(name, expected: "bytes")
            default: continue
            }
        }
        try finish()
    }

    private mutating func finish() throws(InferenceError) {
        guard file == nil || configuration != nil else {
            throw .repository("a load with files needs the parameter 'config', if only {}")
        }
        if configuration.map(Self.isEmptyObject) == true { configuration = nil }
    }

    /// Returns whether a configuration says nothing: `{}` leaves the description to the file.
    private static func isEmptyObject(_ text: String) -> Bool {
        (try? JSONValue(parsing: Array(text.utf8)))?.asObject?.isEmpty ?? false
    }

    private mutating func readFile(_ name: String, _ base64: String) throws(InferenceError) {
        guard let bytes = Base64.bytes(base64) else { throw .parameterKind(name, expected: "base64") }
        try keepFile(name, bytes)
    }

    private mutating func keepFile(_ name: String, _ bytes: [UInt8]) throws(InferenceError) {
        guard file == nil else { throw .repository("a load takes one file, a safetensors file") }
        file = (String(name.prefix(64)), bytes)
    }
}
