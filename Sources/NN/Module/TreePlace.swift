import OrderedCollections
import Synchronization

/// Which modules hold a module.
///
/// No tree grows deeper than `Module.maximumDepth` and none contains itself, so every walk over a tree ends and fits
/// the stack. A module can be put into a new tree while another thread calls it, therefore the lock.
final class TreePlace: Sendable {
    /// A holder's place, once for each of its slots in which the module stands.
    private let holders = Mutex<[Holder]>([])
    /// Atomic, since a copy can be made while another thread calls the module.
    private let hasSharedSlots = Atomic<Bool>(false)

    private struct Holder: Sendable {
        weak var place: TreePlace?
    }

    /// Whether slots of the module's children stand in another tree too, where they must not change.
    var sharesSlots: Bool { hasSharedSlots.load(ordering: .relaxed) }

    func noteSharedSlots(with other: TreePlace) {
        for place in [self, other] { place.hasSharedSlots.store(true, ordering: .relaxed) }
    }

    func isHeld(by holder: TreePlace) {
        holders.withLock { holders in
            holders.removeAll { $0.place == nil }
            holders.append(Holder(place: holder))
        }
    }

    func isReleased(by holder: TreePlace) {
        holders.withLock { holders in
            guard let index = holders.firstIndex(where: { $0.place === holder }) else { return }
            holders.remove(at: index)
        }
    }

    /// Returns how many modules lie on the longest way up from here, this one included; `nil` if `other` is on the way.
    func depth(avoiding other: TreePlace) -> Int? {
        var known: [ObjectIdentifier: Int] = [:]
        return depth(avoiding: other, known: &known)
    }

    private func depth(avoiding other: TreePlace, known: inout [ObjectIdentifier: Int]) -> Int? {
        guard self !== other else { return nil }
        if let depth = known[ObjectIdentifier(self)] { return depth }
        var deepest = 0
        for holder in holders.withLock({ $0.compactMap(\.place) }) {
            guard let depth = holder.depth(avoiding: other, known: &known) else { return nil }
            deepest = max(deepest, depth)
        }
        known[ObjectIdentifier(self)] = deepest + 1
        return deepest + 1
    }
}

extension Module {
    /// Notes that this module is about to hold `child`, unless the tree would contain itself or grow too deep.
    final func adopt(_ child: Module) throws(ModuleError) {
        guard let depth = place.depth(avoiding: child.place) else {
            throw .containsItself(type: child.typeName)
        }
        guard depth + child.height <= Self.maximumDepth else { throw .treeTooDeep(limit: Self.maximumDepth) }
        child.place.isHeld(by: place)
    }

    /// The number of modules on the longest way down from here, this one included.
    ///
    /// O(number of modules).
    final var height: Int {
        var known: [ObjectIdentifier: Int] = [:]
        return height(known: &known)
    }

    private final func height(known: inout [ObjectIdentifier: Int]) -> Int {
        if let height = known[ObjectIdentifier(self)] { return height }
        var highest = 0
        for case let child? in childSlots.values.lazy.map(\.value) {
            highest = max(highest, child.height(known: &known))
        }
        known[ObjectIdentifier(self)] = highest + 1
        return highest + 1
    }

    /// How many steps one call of this module can take: itself, the nodes of its graph, and those of its children, once
    /// for each place where they stand and each node that calls them.
    ///
    /// Saturates at `Int.max`, since shared children can multiply. O(number of modules and nodes).
    public final var stepCount: Int {
        var known: [ObjectIdentifier: Int] = [:]
        return stepCount(known: &known)
    }

    private final func stepCount(known: inout [ObjectIdentifier: Int]) -> Int {
        if let count = known[ObjectIdentifier(self)] { return count }
        let count = stepCount { $0.stepCount(known: &known) }
        known[ObjectIdentifier(self)] = count
        return count
    }
}
