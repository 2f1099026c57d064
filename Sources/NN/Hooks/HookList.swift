/// One hook in a table: what it does, and what names it.
struct Hook<Body: Sendable>: Sendable {
    let id: HookID
    let body: Body
}

/// The hooks of one module, or the global ones, in the order in which they run.
struct HookList: Sendable {
    var forwardPre: [Hook<ForwardPreBody>] = []
    var forward: [Hook<ForwardBody>] = []
    var backwardPre: [Hook<FullBackwardPreHook>] = []
    var backward: [Hook<BackwardHook>] = []
    /// Whether `backward` holds full hooks or old ones; they do not mix.
    ///
    /// Sticks once it is set, as in PyTorch.
    var backwardIsFull: Bool?

    var isEmpty: Bool { count == 0 }

    /// The kinds of which there are hooks.
    var kinds: HookKinds {
        var kinds: HookKinds = []
        if !forwardPre.isEmpty { kinds.insert(.forwardPre) }
        if !forward.isEmpty { kinds.insert(.forward) }
        if !backwardPre.isEmpty || !backward.isEmpty { kinds.insert(.backward) }
        return kinds
    }

    var count: Int { forwardPre.count + forward.count + backwardPre.count + backward.count }

    /// The hooks of the way back, full and old ones apart.
    var backwardHooks: BackwardHookList {
        BackwardHookList(
            pre: backwardPre.map(\.body),
            full: backwardIsFull == false ? [] : backward.map(\.body),
            old: backwardIsFull == false ? backward.map(\.body) : []
        )
    }

    func contains(_ id: HookID) -> Bool {
        forwardPre.contains { $0.id == id } || forward.contains { $0.id == id }
            || backwardPre.contains { $0.id == id } || backward.contains { $0.id == id }
    }

    mutating func remove(_ id: HookID) {
        forwardPre.removeAll { $0.id == id }
        forward.removeAll { $0.id == id }
        backwardPre.removeAll { $0.id == id }
        backward.removeAll { $0.id == id }
    }

    mutating func addBackward(_ hook: Hook<BackwardHook>, isFull: Bool, isGlobal: Bool, prepend: Bool)
        throws(ModuleError)
    {
        if let backwardIsFull, backwardIsFull != isFull { throw .mixedBackwardHooks(isGlobal: isGlobal) }
        backwardIsFull = isFull
        backward.insert(hook, atFront: prepend)
    }
}

/// Which kinds of hooks there are.
struct HookKinds: OptionSet {
    let rawValue: UInt8

    static let forwardPre = HookKinds(rawValue: 1)
    static let forward = HookKinds(rawValue: 2)
    static let backward = HookKinds(rawValue: 4)
}

/// The hooks of the way back through one call, in the order in which they run.
struct BackwardHookList: Sendable {
    var pre: [FullBackwardPreHook] = []
    var full: [BackwardHook] = []
    var old: [BackwardHook] = []

    var isEmpty: Bool { pre.isEmpty && full.isEmpty && old.isEmpty }

    mutating func append(_ other: BackwardHookList) {
        pre += other.pre
        full += other.full
        old += other.old
    }
}

extension Array {
    mutating func insert(_ element: Element, atFront: Bool) {
        insert(element, at: atFront ? startIndex : endIndex)
    }
}
