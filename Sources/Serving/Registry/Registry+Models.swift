import OrderedCollections
package import Safetensors
import Tensors

/// Modules that come as files.
extension Registry {
    /// The key of a file's metadata under which its module's description stands.
    package static let metadataKey = "callpath"

    /// What reads a description, which this room cannot.
    package typealias DescriptionDecoder = ([UInt8]) throws -> ModuleDescription

    /// Creates or replaces a module from what a safetensors file holds.
    ///
    /// The description is the one given, or that of the file's metadata; the state of a Linear needs none.
    /// A load that fails leaves the old module serving.
    package func load(
        _ name: String,
        safetensors contents: Safetensors.Contents,
        description: ModuleDescription?,
        decoding: DescriptionDecoder
    ) async throws -> Publication {
        var description =
            try description ?? contents.metadata[Self.metadataKey].map { try decoding(Array($0.utf8)) }
            ?? Self.linear(named: name, holding: contents.tensors)
        description.name = name
        description.stateDict = contents.tensors
        return try await put(description).publication
    }

    /// Creates or replaces a module from its file in a folder.
    package func loadModel(
        named name: String,
        from folder: ModelFolder,
        decoding: DescriptionDecoder
    ) async throws -> Publication {
        try ModuleName.check(name)
        guard try folder.names.contains(name) else { throw ModelFileError.noFile(name: name) }
        let contents = try Safetensors.contents(of: folder.tensors(of: name, limit: limits.maxBytes))
        let description = try folder.description(of: name, limit: limits.maxBytes).map(decoding)
        return try await load(name, safetensors: contents, description: description, decoding: decoding)
    }

    /// Returns the description of the Linear whose state `tensors` are.
    private static func linear(
        named name: String,
        holding tensors: OrderedDictionary<String, Tensor>
    ) throws(ModelFileError) -> ModuleDescription {
        let keys = Set(tensors.keys)
        guard let weight = tensors["weight"], weight.shape.count == 2, keys.isSubset(of: ["weight", "bias"]) else {
            throw .noDescription(name: name, keys: Array(tensors.keys))
        }
        let layer = LayerDescription(
            type: "Linear",
            arguments: [
                "in_features": .int(Int64(weight.shape[1])), "out_features": .int(Int64(weight.shape[0])),
                "bias": .bool(keys.contains("bias")),
            ],
            dtype: weight.dtype
        )
        return ModuleDescription(root: .layer(layer))
    }
}
