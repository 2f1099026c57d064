import FoundationEssentials

/// A folder of models: `NAME.safetensors`, each described by its own metadata or by a `NAME.json` beside it.
package struct ModelFolder: Sendable {
    private static let suffix = ".safetensors"

    /// The folder's path.
    package let path: String

    package init(path: String) {
        self.path = path
    }

    /// The names of the files for models, in order; also those that no module can have.
    package var names: [String] {
        get throws(ModelFileError) {
            guard let files = try? FileManager.default.contentsOfDirectory(atPath: path) else {
                throw .unreadable(path: path)
            }
            return files.filter { $0.hasSuffix(Self.suffix) }.map { String($0.dropLast(Self.suffix.count)) }.sorted()
        }
    }

    /// Returns the bytes of a model's file, at most `limit`.
    package func tensors(of name: String, limit: Int) throws(ModelFileError) -> [UInt8] {
        try RegularFile.bytes(at: "\(path)/\(name)\(Self.suffix)", limit: limit)
    }

    /// Returns the description beside a model's file; `nil` if there is none.
    package func description(of name: String, limit: Int) throws(ModelFileError) -> [UInt8]? {
        let file = "\(path)/\(name).json"
        guard FileManager.default.fileExists(atPath: file) else { return nil }
        return try RegularFile.bytes(at: file, limit: limit)
    }
}

/// A reason why a model's file does not serve.
package enum ModelFileError: Error, Equatable {
    /// A name under which the folder has no file.
    case noFile(name: String)
    /// A file or folder that cannot be read.
    case unreadable(path: String)
    /// A folder, a pipe or a device where a file should be.
    case notAFile(path: String)
    /// A file that could not fit the registry.
    case tooLarge(path: String, limit: Int, byteCount: Int)
    /// A file that says nothing of its module and does not hold the state of a Linear either.
    case noDescription(name: String, keys: [String])

    /// What is wrong, in words.
    package var message: String {
        switch self {
        case .noFile(let name): "the folder of models has no file for '\(name)'"
        case .unreadable(let path): "cannot read '\(path)'"
        case .notAFile(let path): "'\(path)' is no file"
        case .tooLarge(let path, let limit, let byteCount):
            "'\(path)' has \(byteCount) bytes, and all modules together may have \(limit)"
        case .noDescription(let name, let keys):
            "'\(name)' needs a description under 'callpath' in its metadata, or in a JSON file beside it: "
                + "its keys \(keys.prefix(8)) are not those of a Linear"
        }
    }
}
