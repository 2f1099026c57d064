package import JSON
import OrderedCollections
package import Tensors

/// Writes what a hook does as `HookReader` reads it.
package enum ActionWriter {
    package static func write(_ action: HookAction, at part: [Index]? = nil, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("type", action.typeName)
        if let part {
            writer.key("at")
            IndexCodec.write(part, to: &writer)
        }
        switch action {
        case .capture, .assertFinite, .statistics: break
        case .replace(let value), .add(let value), .scale(let value): write(value, as: "value", to: &writer)
        case .clamp(let min, let max):
            if let min { write(HookValue(min), as: "min", to: &writer) }
            if let max { write(HookValue(max), as: "max", to: &writer) }
        case .assertRange(let min, let max):
            if let min { writer.member("min", min) }
            if let max { writer.member("max", max) }
        case .normalize(let mean, let std):
            write(mean, as: "mean", to: &writer)
            write(std, as: "std", to: &writer)
        case .mask(let indices): if let indices { writer.member("indices", indices) }
        case .assertShape(let shape): writer.member("shape", shape)
        case .topk(let k): writer.member("k", k)
        case .projectOut(let direction): write(.tensor(direction), as: "direction", to: &writer)
        case .log(let level): writer.member("level", level.rawValue)
        case .activation(let name, let arguments):
            writer.member("name", name)
            for (name, argument) in arguments {
                writer.key(name)
                writer.write(argument)
            }
        }
        writer.endObject()
    }

    private static func write(_ value: HookValue, as name: String, to writer: inout JSONWriter) {
        writer.key(name)
        switch value {
        case .int(let integer): writer.write(integer)
        case .double(let double): writer.write(double)
        case .tensor(let tensor):
            writer.beginObject()
            // What a client sent as a string comes back as one, whatever the policy for answers.
            try? writer.members(of: tensor, .strings)
            writer.endObject()
        }
    }
}
