package import JSON
import Tensors

/// Reads hooks, which are data: `{"kind": "forward", "module": "0", "action": {"type": "scale", "value": 2}}`.
package struct HookReader {
    /// The names of the actions.
    enum ActionName: String, CaseIterable {
        case capture, replace, add, scale, clamp, normalize, mask, activation, topk
        case projectOut = "project_out"
        case assertFinite = "assert_finite"
        case assertRange = "assert_range"
        case assertShape = "assert_shape"
        case statistics, log

        /// Whether it can change a part of a tensor.
        var takesPart: Bool {
            switch self {
            case .replace, .add, .scale, .clamp, .normalize, .mask, .activation, .projectOut: true
            case .capture, .topk, .assertFinite, .assertRange, .assertShape, .statistics, .log: false
            }
        }
    }

    /// The dtype of a list that names none.
    let listDType: JSONTensorReader.ListDType
    /// Whether the hook is for all modules, and so names none and has no place among others.
    let isGlobal: Bool

    package init(listDType: JSONTensorReader.ListDType, isGlobal: Bool = false) {
        self.listDType = listDType
        self.isGlobal = isGlobal
    }

    /// Reads the next value.
    package func hook(_ reader: inout JSONReader) throws -> HookDescription {
        var object = try ObjectReader(&reader, "A hook")
        let kind = try object.require("kind") { try $0.readChoice(HookKind.self) }
        let (action, at) = try object.require("action", action)
        let alwaysCall = try object.take("always_call") { try $0.readBool() } ?? false
        var known = ["kind", "action", "always_call"]
        var (module, node) = ("", nil as String?)
        var prepend = false
        if !isGlobal {
            module = try object.take("module") { try $0.readName(atMost: 8_192) } ?? ""
            node = try object.takeOptional("node") { try $0.readName() }
            prepend = try object.take("prepend") { try $0.readBool() } ?? false
            known += ["module", "node", "prepend"]
        }
        try object.finish(known: known)
        var hook = HookDescription(kind: kind, module: module, action: action, prepend: prepend, alwaysCall: alwaysCall)
        (hook.node, hook.at) = (node, at)
        return hook
    }

    private func action(_ reader: inout JSONReader) throws -> (HookAction, at: [Index]?) {
        var object = try ObjectReader(&reader, "An action")
        let name = try object.require("type") { try $0.readChoice(ActionName.self, .invalidHook) }
        let at = name.takesPart ? try object.takeOptional("at", IndexCodec.read) : nil
        let action = try action(name, &object, isOfPart: at != nil)
        try object.finish(known: ["type"] + Self.fields(of: name) + (name.takesPart ? ["at"] : []))
        return (action, at)
    }

    private static func fields(of name: ActionName) -> [String] {
        switch name {
        case .capture, .assertFinite, .statistics: []
        case .replace, .add, .scale: ["value"]
        case .clamp, .assertRange: ["min", "max"]
        case .normalize: ["mean", "std"]
        case .mask: ["indices"]
        case .activation: ["name"]
        case .topk: ["k"]
        case .projectOut: ["direction"]
        case .assertShape: ["shape"]
        case .log: ["level"]
        }
    }

    private func action(_ name: ActionName, _ object: inout ObjectReader, isOfPart: Bool) throws -> HookAction {
        switch name {
        case .capture: return .capture
        case .replace: return .replace(try object.require("value", value))
        case .add: return .add(try object.require("value", value))
        case .scale: return .scale(try object.require("value", value))
        case .clamp:
            return .clamp(min: try object.takeOptional("min", number), max: try object.takeOptional("max", number))
        case .normalize:
            return .normalize(mean: try object.require("mean", value), std: try object.require("std", value))
        case .mask:
            let indices = { (reader: inout JSONReader) in try reader.readArray { try $0.readInt() } }
            return .mask(
                indices: isOfPart ? try object.takeOptional("indices", indices) : try object.require("indices", indices)
            )
        case .topk: return .topk(k: try object.require("k") { try $0.readInt() })
        case .projectOut:
            return .projectOut(
                direction: try object.require("direction", JSONTensorReader(listDType: .fixed(.float64)).read)
            )
        case .assertShape: return .assertShape(try object.require("shape") { try $0.readArray { try $0.readInt() } })
        case .assertRange:
            return .assertRange(
                min: try object.takeOptional("min", number)?.double,
                max: try object.takeOptional("max", number)?.double
            )
        case .assertFinite: return .assertFinite
        case .statistics: return .statistics
        case .log: return .log(level: try object.take("level") { try $0.readChoice(LogLevel.self) } ?? .info)
        case .activation:
            let name = try object.require("name") { try $0.readName() }
            return .activation(name: name, arguments: try object.takeArguments())
        }
    }

    private func value(_ reader: inout JSONReader) throws -> HookValue {
        switch try reader.peekKind() {
        case .number, .string: HookValue(try number(&reader))
        default: .tensor(try JSONTensorReader(listDType: listDType).read(&reader))
        }
    }

    private func number(_ reader: inout JSONReader) throws -> HookScalar {
        guard try reader.peekKind() == .number else { return .double(try nonFinite(&reader)) }
        let number = try reader.readNumber()
        guard case .int(let integer) = number else { return .double(number.doubleValue) }
        return .int(integer)
    }

    private func nonFinite(_ reader: inout JSONReader) throws -> Double {
        let pointer = reader.pointer
        let text = try reader.readString()
        guard let value = ["NaN": Double.nan, "Infinity": .infinity, "-Infinity": -.infinity][text] else {
            throw DocumentProblem(.invalidField, "'\(text)' is no number.", got: .string(text), pointer: pointer)
        }
        return value
    }
}
