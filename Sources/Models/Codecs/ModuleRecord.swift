package import JSON
import Tensors

/// What is kept of a version of a module beside its description and its tensors.
package struct ModuleRecord: Sendable {
    /// A registered hook, with the number by which it is found.
    package struct Hook: Sendable {
        package var id: Int
        /// The hook; its tensors, which are kept apart, may be others.
        package var description: HookDescription

        package init(id: Int, description: HookDescription) {
            self.id = id
            self.description = description
        }
    }

    /// PyTorch's class name of the root.
    package var type: String
    /// The versions of the modules that this one refers to, by their names.
    package var references: [String: Int]
    /// The hooks in the order of their ids.
    package var hooks: [Hook]
    /// Whether it can be called by its version; if not, another version refers to it.
    package var isListed: Bool

    package init(type: String, references: [String: Int], hooks: [Hook], isListed: Bool = true) {
        self.type = type
        self.references = references
        self.hooks = hooks
        self.isListed = isListed
    }

    /// The record as JSON.
    package var bytes: [UInt8] {
        var writer = JSONWriter(capacity: 128)
        writer.beginObject()
        writer.member("type", type)
        if !references.isEmpty {
            writer.key("references")
            writer.beginObject()
            for (name, version) in references.sorted(by: { $0.key < $1.key }) { writer.member(name, version) }
            writer.endObject()
        }
        if !hooks.isEmpty {
            writer.key("hooks")
            HookRecordCodec.write(hooks, to: &writer)
        }
        if !isListed { writer.member("listed", false) }
        writer.endObject()
        return writer.finish()
    }

    /// Reads what `bytes` wrote.
    package init(parsing bytes: [UInt8]) throws {
        self = try JSONBody.decode(bytes) { reader in
            var object = try ObjectReader(&reader, "A record")
            let type = try object.require("type") { try $0.readString() }
            let references = try object.take("references", Self.references) ?? [:]
            let hooks = try object.take("hooks") { try $0.readArray(HookRecordCodec.hook) } ?? []
            let isListed = try object.take("listed") { try $0.readBool() } ?? true
            return ModuleRecord(type: type, references: references, hooks: hooks, isListed: isListed)
        }
    }

    private static func references(_ reader: inout JSONReader) throws -> [String: Int] {
        var references: [String: Int] = [:]
        try reader.beginObject()
        while let name = try reader.nextKey() { references[name] = try reader.readInt() }
        return references
    }
}

/// Registered hooks as they are kept.
package enum HookRecordCodec {
    /// Writes hooks without the elements of their tensors.
    package static func write(_ hooks: [ModuleRecord.Hook], to writer: inout JSONWriter) {
        writer.beginArray()
        for hook in hooks {
            writer.beginObject()
            writer.member("id", hook.id)
            writer.key("hook")
            writer.beginObject()
            writer.member("kind", hook.description.kind.rawValue)
            writer.member("module", hook.description.module)
            if let node = hook.description.node { writer.member("node", node) }
            writer.member("prepend", hook.description.prepend)
            writer.member("always_call", hook.description.alwaysCall)
            writer.key("action")
            ActionWriter.write(hook.description.action.withoutElements, at: hook.description.at, to: &writer)
            writer.endObject()
            writer.endObject()
        }
        writer.endArray()
    }

    /// Reads the hooks that `write` wrote as a text of their own.
    package static func hooks(in bytes: [UInt8]) throws -> [ModuleRecord.Hook] {
        try JSONBody.decode(bytes) { try $0.readArray(hook) }
    }

    static func hook(_ reader: inout JSONReader) throws -> ModuleRecord.Hook {
        var object = try ObjectReader(&reader, "A hook")
        let id = try object.require("id") { try $0.readInt() }
        let description = try object.require("hook", HookReader(listDType: .fixed(.float32)).hook)
        return ModuleRecord.Hook(id: id, description: description)
    }
}
