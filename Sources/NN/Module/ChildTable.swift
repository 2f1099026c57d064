import OrderedCollections

/// The slots of a module's children in the order of registration, by their names; a copy shares what does not change.
struct ChildTable {
    private(set) var keys: OrderedSet<String> = []
    private(set) var values = ChunkedArray<Slot<Module>>()

    var isEmpty: Bool { keys.isEmpty }
    var count: Int { keys.count }

    subscript(name: String) -> Slot<Module>? { keys.firstIndex(of: name).map { values[$0] } }

    /// Puts `slot` under `name`, at the end unless the name is there already.
    mutating func set(_ name: String, to slot: Slot<Module>) {
        let (isNew, index) = keys.append(name)
        if isNew { values.append(slot) } else { values[index] = slot }
    }

    mutating func replace(at index: Int, with slot: Slot<Module>) { values[index] = slot }

    /// Removes and returns the slot under `name`; O(number of children).
    mutating func remove(_ name: String) -> Slot<Module>? {
        guard let removed = self[name] else { return nil }
        let others = zip(keys, values).filter { $0.0 != name }
        self = ChildTable()
        for (name, slot) in others { set(name, to: slot) }
        return removed
    }
}
