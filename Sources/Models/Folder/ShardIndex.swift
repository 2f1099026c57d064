import JSON
import OrderedCollections
import Safetensors
import Tensors

/// A model in several files: `{"weight_map": {"0.weight": "model-00001-of-00002.safetensors", ...}}`.
struct ShardIndex {
    /// The longest index that is read; one of a model with a hundred thousand tensors has a tenth of it.
    private static let maxBytes = 100_000_000

    private let path: String
    /// The keys of the tensors in each file.
    private let keys: OrderedDictionary<String, [String]>

    /// Reads the index at `path`.
    init(at path: String) throws(ModelFileError) {
        self.path = path
        let bytes = try RegularFile.bytes(at: path, limit: Self.maxBytes)
        guard let map = (try? JSONValue(parsing: bytes))?["weight_map"]?.asObject else {
            throw .malformedIndex(path: path)
        }
        var keys: OrderedDictionary<String, [String]> = [:]
        for (key, file) in map {
            guard let file = file.asString else { throw .malformedIndex(path: path) }
            let parts = file.split(separator: "/", omittingEmptySubsequences: false)
            guard !parts.contains(where: { $0.isEmpty || $0 == ".." || $0 == "." }) else {
                throw .shardOutside(path: path, shard: file)
            }
            keys[file, default: []].append(key)
        }
        self.keys = keys
    }

    /// Returns the files that the index at `path` names; none if it is no index, which a load will say.
    static func files(in path: String) -> [String] {
        (try? ShardIndex(at: path)).map { Array($0.keys.keys) } ?? []
    }

    /// Returns the tensors of all shards, which may have `limit` bytes together, with what their metadata say.
    func contents(limit: Int) throws -> Safetensors.Contents {
        var tensors: OrderedDictionary<String, Tensor> = [:]
        var foreign: OrderedDictionary<String, String> = [:]
        var metadata: [String: String] = [:]
        var left = limit
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
        for (file, keys) in keys {
            let bytes = try RegularFile.bytes(at: folder + file, limit: left)
            left -= bytes.count
            let shard = try Safetensors.contents(of: bytes)
            for key in keys {
                if let tensor = shard.tensors[key] {
                    tensors[key] = tensor
                } else if let type = shard.foreign[key] {
                    foreign[key] = type
                } else {
                    throw ModelFileError.notInShard(key: key, shard: folder + file)
                }
            }
            metadata.merge(shard.metadata) { first, _ in first }
        }
        return Safetensors.Contents(tensors: tensors, foreign: foreign, metadata: metadata)
    }
}
