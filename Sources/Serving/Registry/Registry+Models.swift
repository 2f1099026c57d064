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
            maxModules: limits.maxTreeModules,
            maxNodes: limits.maxGraphNodes
        )
        return try await put(description).publication
    }

    /// Creates or replaces a module from its file in a folder.
    package func loadModel(
        named name: String,
        from folder: ModelFolder
    ) async throws -> Publication {
        try ModuleName.check(name)
        let description = try ModelFile.description(
            of: name,
            in: folder,
            maxBytes: limits.maxBytes,
            maxModules: limits.maxTreeModules,
            maxNodes: limits.maxGraphNodes
        )
        return try await put(description).publication
    }
}
