/// A folder of models: `NAME.safetensors`, or `NAME.safetensors.index.json` with its shards, each described by its own
/// metadata or by a `NAME.json` beside it; or folders as hubs and Triton lay them out.
package struct ModelFolder: Sendable {
    /// The folder's path.
    package let path: String

    package init(path: String) {
        self.path = path
    }

    /// The names of the models, in order; also those that no module can have.
    package var names: [String] {
        get throws(ModelFileError) { try listing.models.map(\.name) }
    }

    /// What the folder holds at the moment.
    package var listing: FolderListing {
        get throws(ModelFileError) { try FolderListing(of: path) }
    }
}

/// A reason why a model's file does not serve.
package enum ModelFileError: Error, Equatable {
    /// A name under which the folder has no file.
    case noFile(name: String)
    /// A file or folder that cannot be read, and the system's reason.
    case unreadable(path: String, reason: SystemReason)
    /// A folder, a pipe or a device where a file should be.
    case notAFile(path: String)
    /// A file that could not fit the registry.
    case tooLarge(path: String, limit: Int, byteCount: Int)
    /// A file that says nothing of its module and does not hold the state of a Linear either.
    case noDescription(name: String, keys: [String])
    /// A list of shards that is none.
    case malformedIndex(path: String)
    /// A shard whose path leads out of the folder.
    case shardOutside(path: String, shard: String)
    /// A tensor that is not in the shard that should have it.
    case notInShard(key: String, shard: String)
    /// A tensor of a graph's own for which its description has no place.
    case misplaced(key: String)

    /// What is wrong, in words.
    package var message: String {
        switch self {
        case .noFile(let name): "the folder of models has no file for '\(name)'"
        case .unreadable(let path, let reason): "cannot read '\(path)': \(reason.text)"
        case .notAFile(let path): "'\(path)' is not a file"
        case .tooLarge(let path, let limit, let byteCount):
            "'\(path)' has \(byteCount) bytes, and all modules together may have \(limit)"
        case .noDescription(let name, let keys):
            "'\(name)' needs a description under 'callpath' in its metadata, or in a JSON file beside it: "
                + "its keys \(keys.prefix(8)) are not those of a Linear"
        case .malformedIndex(let path):
            "'\(path)' is not an index of shards: expected an object with \"weight_map\", from keys to files"
        case .shardOutside(let path, let shard): "'\(path)' names the shard '\(shard)', which is not inside its folder"
        case .misplaced(let key): "there is no buffer of the shape and type of '\(key)' in the description"
        case .notInShard(let key, let shard): "'\(shard)' has no tensor '\(key)', which its index says it has"
        }
    }
}
