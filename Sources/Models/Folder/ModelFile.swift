import OrderedCollections
package import Safetensors
import Tensors

/// A model as a safetensors file: its tensors, and what they are the tensors of.
package enum ModelFile {
    /// The key of a file's metadata under which its module's description stands.
    package static let metadataKey = "callpath"

    /// Returns the description of a model in a folder with its tensors, of which no more than `maxBytes` are read.
    package static func description(
        of name: String,
        in folder: ModelFolder,
        maxBytes: Int,
        maxModules: Int,
        maxNodes: Int
    ) throws -> ModuleDescription {
        guard let model = try folder.listing.models.first(where: { $0.name == name }) else {
            throw ModelFileError.noFile(name: name)
        }
        let contents =
            model.isIndex
            ? try ShardIndex(at: model.file).contents(limit: maxBytes)
            : try Safetensors.contents(of: RegularFile.bytes(at: model.file, limit: maxBytes))
        let given = try model.descriptions.first(where: RegularFile.exists).map { file in
            try DescriptionReader.description(
                in: RegularFile.bytes(at: file, limit: maxBytes),
                maxModules: maxModules,
                maxNodes: maxNodes
            )
        }
        return try description(of: name, in: contents, given: given, maxModules: maxModules, maxNodes: maxNodes)
    }

    /// Returns the description of a model with its tensors.
    ///
    /// It is the one `given`, or that of the file's metadata; the state of a Linear needs none.
    package static func description(
        of name: String,
        in contents: Safetensors.Contents,
        given: ModuleDescription?,
        maxModules: Int,
        maxNodes: Int
    ) throws -> ModuleDescription {
        let written = contents.metadata[metadataKey]
        var description =
            try given
            ?? written.map {
                try DescriptionReader.description(in: Array($0.utf8), maxModules: maxModules, maxNodes: maxNodes)
            }
            ?? linear(named: name, holding: contents.tensors)
        description.name = name
        var source = StateSource(contents)
        try GraphConstants.move(from: &source.tensors, into: &description.root)
        description.stateDict = source
        return description
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
