/// What a look at a folder finds: models, and what lies beside them.
package struct FolderListing: Sendable {
    /// A model by its name, and the files it is made of.
    package struct Model: Sendable {
        /// The name by which it is served.
        package let name: String
        /// The file of its tensors, or of the index of its shards.
        let file: String
        /// Whether `file` is an index.
        let isIndex: Bool
        /// Where its description may lie, the first that is there counts.
        let descriptions: [String]
    }

    /// Something that lies in the folder openly and is not served.
    package struct LeftOut: Sendable, Equatable {
        package let name: String
        package let reason: String
    }

    private static let suffix = ".safetensors"
    private static let indexSuffix = ".safetensors.index.json"
    private static let jsonSuffix = ".json"

    /// The models in the order of their names.
    package private(set) var models: [Model] = []
    /// What is visible and not served, by name.
    package private(set) var leftOut: [LeftOut] = []
    /// The names that begin with a dot, which are passed over.
    package private(set) var hidden: [String] = []

    private let path: String
    /// The files that an index names, each from here: parts of one model, and no models themselves.
    private let shards: Set<String>

    init(of path: String) throws(ModelFileError) {
        self.path = path
        let names = try RegularFile.names(in: path)
        hidden = names.filter { $0.hasPrefix(".") }
        let visible = names.filter { !$0.hasPrefix(".") }
        let indices = visible.filter { $0.hasSuffix(Self.indexSuffix) }
        shards = Set(indices.flatMap { ShardIndex.files(in: "\(path)/\($0)") })
        for name in visible where !shards.contains(name) {
            if name.hasSuffix(Self.indexSuffix) {
                add(String(name.dropLast(Self.indexSuffix.count)), name, isIndex: true)
            } else if name.hasSuffix(Self.suffix) {
                add(String(name.dropLast(Self.suffix.count)), name, isIndex: false)
            }
        }
        let files = Set(models.map(\.name))
        for name in visible where !shards.contains(name) { look(at: name, besides: files) }
        models.sort { $0.name < $1.name }
    }

    private mutating func add(_ name: String, _ file: String, isIndex: Bool) {
        guard !models.contains(where: { $0.name == name }) else {
            leftOut.append(LeftOut(name: file, reason: "another file is served as '\(name)'"))
            return
        }
        models.append(
            Model(
                name: name,
                file: "\(path)/\(file)",
                isIndex: isIndex,
                descriptions: ["\(path)/\(name)\(Self.jsonSuffix)"]
            )
        )
    }

    /// Finds what an entry is that is no model's file at the top of the folder.
    private mutating func look(at name: String, besides files: Set<String>) {
        if name.hasSuffix(Self.suffix) || name.hasSuffix(Self.indexSuffix) { return }
        if RegularFile.isFolder("\(path)/\(name)") {
            let model = model(in: name)
            if let model, !files.contains(name) {
                models.append(model)
            } else if model != nil || !shards.contains(where: { $0.hasPrefix("\(name)/") }) {
                let isTaken = files.contains(name)
                let reason = isTaken ? "a file is served as '\(name)'" : "the folder holds no model.safetensors"
                leftOut.append(LeftOut(name: name, reason: reason))
            }
        } else if name.hasSuffix(Self.jsonSuffix) {
            guard !files.contains(String(name.dropLast(Self.jsonSuffix.count))) else { return }
            leftOut.append(LeftOut(name: name, reason: "there is no .safetensors file that it describes"))
        } else {
            leftOut.append(LeftOut(name: name, reason: "its name does not end in .safetensors"))
        }
    }

    /// Returns the model in a folder: `model.safetensors` or its index, there or in the highest version that has one.
    private func model(in name: String) -> Model? {
        let top = "\(path)/\(name)"
        if let model = model(named: name, in: top, under: []) { return model }
        let versions = ((try? RegularFile.names(in: top)) ?? []).compactMap(Self.version).sorted(by: >)
        return versions.lazy.compactMap { model(named: name, in: "\(top)/\($0)", under: [top]) }.first
    }

    private func model(named name: String, in folder: String, under parents: [String]) -> Model? {
        let descriptions = ([folder] + parents).map { "\($0)/model\(Self.jsonSuffix)" }
        let (file, index) = ("\(folder)/model\(Self.suffix)", "\(folder)/model\(Self.indexSuffix)")
        let isShard = shards.contains(String(file.dropFirst(path.count + 1)))
        if !isShard, RegularFile.exists(file), !ShardIndex.files(in: index).contains("model\(Self.suffix)") {
            return Model(name: name, file: file, isIndex: false, descriptions: descriptions)
        }
        guard RegularFile.exists(index) else { return nil }
        return Model(name: name, file: index, isIndex: true, descriptions: descriptions)
    }

    /// Returns the number of a version's folder; `nil` for another name.
    private static func version(_ name: String) -> Int? {
        guard let version = Int(name), version >= 0, String(version) == name else { return nil }
        return version
    }
}
