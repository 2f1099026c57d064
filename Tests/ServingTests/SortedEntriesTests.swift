import Testing

@testable import Serving

struct SortedEntriesTests {
    private static func entry(_ name: String, _ version: Int = 1) -> RegistryEntry {
        RegistryEntry(name: name, type: "Linear", version: version, damage: nil)
    }

    private static func name(_ number: Int) -> String { "m\(number * 7919 % 10_007)" }

    private func lines(_ entries: [RegistryEntry]) -> [String] { entries.map { "\($0.name) \($0.version)" } }

    @Test(arguments: ["in order", "backwards", "mixed"])
    func isSortedHoweverItWasFilled(order: String) {
        let names = (0..<3_000).map(Self.name)
        var sorted = SortedEntries()
        let given = order == "mixed" ? names : order == "in order" ? names.sorted() : names.sorted().reversed()
        for name in given { sorted.set(Self.entry(name)) }
        #expect(sorted.entries().map(\.name) == names.sorted())
    }

    @Test func holdsWhatADictionaryHolds() {
        var generator = SystemRandomNumberGenerator()
        var (sorted, known) = (SortedEntries(), [String: Int]())
        for step in 0..<20_000 {
            let name = Self.name(Int.random(in: 0..<2_000, using: &generator))
            // At first it grows, at last all but a few go.
            if Int.random(in: 0..<20_000, using: &generator) < step {
                sorted.remove(name)
                known[name] = nil
            } else {
                sorted.set(Self.entry(name, step))
                known[name] = step
            }
            guard step.isMultiple(of: 1_000) else { continue }
            #expect(lines(sorted.entries()) == known.keys.sorted().map { "\($0) \(known[$0] ?? 0)" })
        }
        for name in known.keys { sorted.remove(name) }
        #expect(sorted.entries().isEmpty)
        sorted.set(Self.entry("a"))
        #expect(sorted.entries().map(\.name) == ["a"])
    }

    @Test(
        arguments: [
            (prefix: "", after: nil, limit: 3), ("", "m5", 40), ("m12", nil, .max), ("m12", "m125", .max),
            ("m12", "a", .max),
            ("m12", "z", .max), ("", "m9999", .max), ("x", nil, 5), ("", nil, 0),
        ] as [(prefix: String, after: String?, limit: Int)]
    )
    func aPageIsWhatAFilterFinds(prefix: String, after: String?, limit: Int) {
        let names = (0..<3_000).map(Self.name)
        var sorted = SortedEntries()
        for name in names { sorted.set(Self.entry(name)) }
        for name in names.prefix(500) { sorted.remove(name) }
        let wanted = names.dropFirst(500).sorted().filter { name in
            name.hasPrefix(prefix) && after.map { $0 < name } ?? true
        }
        let found = sorted.entries(prefix: prefix, after: after, limit: limit).map(\.name)
        #expect(found == Array(wanted.prefix(limit)))
    }

    @Test func aCopyKeepsWhatItHad() {
        var sorted = SortedEntries()
        for number in 0..<1_000 { sorted.set(Self.entry(Self.name(number))) }
        let copy = sorted
        for number in 0..<1_000 { sorted.set(Self.entry(Self.name(number), 2)) }
        #expect(copy.entries().allSatisfy { $0.version == 1 })
        #expect(sorted.entries().allSatisfy { $0.version == 2 })
    }
}
