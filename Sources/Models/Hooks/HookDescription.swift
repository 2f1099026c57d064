package import OrderedCollections
package import Tensors

/// When a hook runs; the raw value is its name on the wire.
package enum HookKind: String, Sendable, CaseIterable {
    case forwardPre = "forward_pre"
    case forward
    case fullBackwardPre = "full_backward_pre"
    case fullBackward = "full_backward"

    /// Whether it runs on the way back.
    package var isBackward: Bool { self == .fullBackwardPre || self == .fullBackward }
}

/// A hook as data.
package struct HookDescription: Sendable {
    /// When it runs.
    package var kind: HookKind
    /// The path of the module on which it runs, empty for the root.
    package var module: String
    /// The node of that module's graph on whose value it runs; `nil` for the module itself.
    package var node: String?
    /// What it does.
    package var action: HookAction
    /// The part of the tensor that the action changes, as PyTorch's brackets name it; `nil` for all of it.
    package var at: [Index]?
    /// Whether it goes before those that are there.
    package var prepend: Bool
    /// Whether it also runs when the call fails before its turn; for `forward` only.
    package var alwaysCall: Bool

    package init(
        kind: HookKind,
        module: String = "",
        node: String? = nil,
        action: HookAction,
        at: [Index]? = nil,
        prepend: Bool = false,
        alwaysCall: Bool = false
    ) {
        self.kind = kind
        self.module = module
        self.node = node
        self.action = action
        self.at = at
        self.prepend = prepend
        self.alwaysCall = alwaysCall
    }

    /// The bytes of what the client sent along and the hook keeps.
    package var byteCount: Int {
        let parts = at?.reduce(0) { bytes, part in
            if case .tensor(let places) = part { bytes + places.byteCount } else { bytes }
        }
        return action.byteCount + (parts ?? 0)
    }
}

/// What a hook does to its tensor.
package enum HookAction: Sendable {
    case capture
    case replace(HookValue)
    case add(HookValue)
    case scale(HookValue)
    case clamp(min: HookScalar?, max: HookScalar?)
    case normalize(mean: HookValue, std: HookValue)
    /// Zeroes places of the last axis; without any, all of it.
    case mask(indices: [Int]?)
    case activation(name: String, arguments: OrderedDictionary<String, ArgumentValue>)
    case topk(k: Int)
    case projectOut(direction: Tensor)
    case assertFinite
    case assertRange(min: Double?, max: Double?)
    case assertShape([Int])
    case statistics
    case log(level: LogLevel)

    /// The action's name on the wire.
    package var typeName: String {
        switch self {
        case .capture: "capture"
        case .replace: "replace"
        case .add: "add"
        case .scale: "scale"
        case .clamp: "clamp"
        case .normalize: "normalize"
        case .mask: "mask"
        case .activation: "activation"
        case .topk: "topk"
        case .projectOut: "project_out"
        case .assertFinite: "assert_finite"
        case .assertRange: "assert_range"
        case .assertShape: "assert_shape"
        case .statistics: "statistics"
        case .log: "log"
        }
    }

    /// The bytes of the tensors and lists that the action brings along.
    package var byteCount: Int {
        switch self {
        case .replace(let value), .add(let value), .scale(let value): value.byteCount
        case .normalize(let mean, let std): mean.byteCount + std.byteCount
        case .projectOut(let direction): direction.byteCount
        case .mask(let indices): (indices?.count ?? 0) * MemoryLayout<Int>.stride
        case .assertShape(let sizes): sizes.count * MemoryLayout<Int>.stride
        case .capture, .clamp, .activation, .topk, .assertFinite, .assertRange, .statistics, .log: 0
        }
    }
}

/// A number as a client wrote it: beside whole numbers, PyTorch lets integers stay integers.
package enum HookScalar: Sendable, Equatable {
    case int(Int64)
    case double(Double)

    /// The number in floating point.
    package var double: Double {
        switch self {
        case .int(let value): Double(value)
        case .double(let value): value
        }
    }
}

/// An operand of an action.
package enum HookValue: Sendable {
    case tensor(Tensor)
    case int(Int64)
    case double(Double)

    /// Creates an operand of a number.
    package init(_ number: HookScalar) {
        switch number {
        case .int(let value): self = .int(value)
        case .double(let value): self = .double(value)
        }
    }

    package var byteCount: Int {
        guard case .tensor(let tensor) = self else { return 0 }
        return tensor.byteCount
    }
}

/// How much a log line matters; the raw values are swift-log's.
package enum LogLevel: String, Sendable, CaseIterable {
    case trace, debug, info, notice, warning, error, critical
}
