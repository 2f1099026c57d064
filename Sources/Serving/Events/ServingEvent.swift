package import Models
package import NN
package import Tensors

/// What listeners hear of.
package enum EventKind: String, Sendable, CaseIterable {
    case call
    case capture
    case trace
    case change

    /// What a listener hears who names no kinds; a trace costs the call that it is of.
    package static let usual: Set<EventKind> = [.call, .capture, .change]
}

/// Something that happened to a registered module.
package struct ServingEvent: Sendable {
    /// What happened.
    package enum Content: Sendable {
        /// A call ended.
        case call(CallEvent)
        /// A registered `capture` hook saw a tensor.
        case capture(hook: Int, kind: HookKind, node: String?, tensor: Tensor)
        /// The call path that a call took; a few calls a second are traced while somebody listens.
        case trace([TraceEvent])
        /// The module is another one from now on, or none.
        case change(ModuleChange.Kind)
    }

    /// Grows with every event of the registry.
    package let id: UInt64
    /// The registered module that was called or changed.
    package let name: String
    /// Its version.
    package let version: Int
    /// The path of the module it is about, empty for the root.
    package let module: String
    package let content: Content

    /// The kind by which it can be filtered.
    package var kind: EventKind {
        switch content {
        case .call: .call
        case .capture: .capture
        case .trace: .trace
        case .change: .change
        }
    }

    var byteCount: Int {
        switch content {
        case .call, .change: 0
        case .capture(_, _, _, let tensor): tensor.byteCount
        // Names, and a shape: about what an event takes in JSON.
        case .trace(let events): events.count * 200
        }
    }
}

/// How a call ended.
package struct CallEvent: Sendable, Equatable {
    /// The first output's shape and type; `nil` when there is none.
    package var shape: [Int]?
    package var dtype: DType?
    package var failed: Bool
    /// The time in the queue and in the call.
    package var nanoseconds: Int
    /// Calls that shared the batch, this one included.
    package var joined: Int
}

/// Which events a listener wants.
package struct EventFilter: Sendable {
    /// The registered module; `nil` for all.
    package var name: String?
    /// The kinds.
    package var kinds: Set<EventKind>
    /// The path of the module it is about; `nil` for any.
    package var module: String?

    package init(name: String? = nil, kinds: Set<EventKind> = EventKind.usual, module: String? = nil) {
        self.name = name
        self.kinds = kinds
        self.module = module
    }

    /// Whether the traces of the module `name` are wanted, which are of its root.
    func admitsTrace(of name: String) -> Bool {
        kinds.contains(.trace) && (self.name == nil || self.name == name) && (module ?? "").isEmpty
    }

    func admits(_ event: ServingEvent) -> Bool {
        (name == nil || name == event.name) && kinds.contains(event.kind)
            && (module == nil || module == event.module)
    }
}
