package import Models
package import Safetensors

/// Modules that come as files.
extension Registry {
    /// Creates or replaces a module from what a safetensors file holds.
    ///
    /// The description is the one given, or that of the file's metadata; the state of a Linear needs none.
    /// A load that fails leaves the old module serving.
    package func load(
        _ name: String,
        safetensors contents: Safetensors.Contents,
        description: ModuleDescription?
    ) async throws -> Publication {
        let description = try ModelFile.description(
            of: name,
            in: contents,
            given: description,
            maxModules: limits.maxTreeModules
        )
        return try await put(description).publication
    }

    /// Creates or replaces a module from its file in a folder.
    package func loadModel(
        named name: String,
        from folder: ModelFolder
    ) async throws -> Publication {
        try ModuleName.check(name)
        guard try folder.names.contains(name) else { throw ModelFileError.noFile(name: name) }
        let contents = try Safetensors.contents(of: folder.tensors(of: name, limit: limits.maxBytes))
        let description = try folder.description(of: name, limit: limits.maxBytes).map { bytes in
            try DescriptionReader.description(in: bytes, maxModules: limits.maxTreeModules)
        }
        return try await load(name, safetensors: contents, description: description)
    }
}
