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

    /// The one way in which hooks come into a list.
    mutating func insert(_ hook: ModuleHook, id: HookID, atFront: Bool) {
        func insert<Body>(_ body: Body, into hooks: inout [Hook<Body>]) {
            hooks.insert(Hook(id: id, body: body), at: atFront ? hooks.startIndex : hooks.endIndex)
        }
        switch hook {
        case .forwardPre(let hook): insert(.plain(hook), into: &forwardPre)
        case .forwardPreWithKeywords(let hook): insert(.withKeywords(hook), into: &forwardPre)
        case .forward(let hook): insert(.plain(hook), into: &forward)
        case .forwardWithKeywords(let hook): insert(.withKeywords(hook), into: &forward)
        case .alwaysCalledForward(let hook): insert(.alwaysCalled(hook), into: &forward)
        case .alwaysCalledForwardWithKeywords(let hook): insert(.alwaysCalledWithKeywords(hook), into: &forward)
        case .fullBackwardPre(let hook): insert(hook, into: &backwardPre)
        case .fullBackward(let hook): insert(hook, into: &backward)
        }
    }

    /// Adds the hooks of `other` behind these, or before them.
    mutating func insert(_ other: HookList, atFront: Bool) {
        func insert<Body>(_ new: [Hook<Body>], into hooks: inout [Hook<Body>]) {
            hooks.insert(contentsOf: new, at: atFront ? hooks.startIndex : hooks.endIndex)
        }
        insert(other.forwardPre, into: &forwardPre)
        insert(other.forward, into: &forward)
        insert(other.backwardPre, into: &backwardPre)
        insert(other.backward, into: &backward)
    }

    /// Notes that backward hooks of one kind are added.
    mutating func settleBackward(isFull: Bool, isGlobal: Bool) throws(ModuleError) {
        if let backwardIsFull, backwardIsFull != isFull { throw .mixedBackwardHooks(isGlobal: isGlobal) }
        backwardIsFull = isFull
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
