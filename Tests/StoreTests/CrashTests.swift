import Foundation
import Synchronization
import Testing

@testable import Store

/// The power goes at every moment, and takes any part with it that was not synced.
@Suite(.serialized) struct CrashTests {
    /// A run of a workload on a recording disk.
    private struct Run {
        var events: [DiskEvent] = []
        /// The states after each change, the empty one first, with the count of events when each was acknowledged.
        var states: [(model: StoreModel, acknowledged: Int)] = []
    }

    /// What is planted into a run, as if the program had forgotten it.
    enum Plant: CaseIterable {
        case logSyncs, fileSyncs, folderSyncs
        /// SQLite's own setting by which a commit waits for no disk.
        case synchronousNormal

        fileprivate var forgotten: RecordingDisk.Forgotten {
            switch self {
            case .logSyncs: .logSyncs
            case .fileSyncs: .fileSyncs
            case .folderSyncs: .folderSyncs
            case .synchronousNormal: .nothing
            }
        }
    }

    private func run(
        _ changes: Int,
        seed: UInt64,
        ofSmallParts isSmall: Bool = false,
        planting plant: Plant? = nil
    ) throws -> Run {
        let folder = try TestFolder()
        let root = folder.path + "/registry"
        let disk = RecordingDisk(root: root, forgotten: plant?.forgotten ?? .nothing)
        let store = try Store(path: root, disk: disk)
        try store.index.withLock { index in
            // A run comes past several checkpoints, and logs that begin anew.
            index.checkpointPages = 40
            index.settleCount = 7
            if plant == .synchronousNormal { try index.database.run("PRAGMA synchronous=NORMAL") }
        }
        var workload = Workload(seed: seed, isSmall: isSmall)
        var run = Run()
        run.states.append((StoreModel(), disk.events.count))
        for _ in 0..<changes {
            let (change, counters) = workload.next()
            try store.make(change, counters)
            workload.accept(change, counters)
            run.states.append((workload.model, disk.events.count))
        }
        run.events = disk.events
        return run
    }

    /// Returns what is wrong with what survived a cut after `count` events; `nil` if nothing is.
    private func fault(in cut: PowerCut, _ survival: PowerCut.Survival, _ run: Run, after count: Int) throws -> String?
    {
        let folder = try TestFolder()
        let root = folder.path + "/registry"
        try cut.write(to: root, survival)
        let last = run.states.lastIndex { $0.acknowledged <= count }
        let allowed = [last ?? 0, (last ?? 0) + 1].compactMap {
            run.states.indices.contains($0) ? run.states[$0].model : nil
        }
        do {
            let found = try StoreModel(of: Store(path: root))
            return allowed.contains(found) ? nil : "after \(count) events: revision \(found.revision), \(survival)"
        } catch {
            return "after \(count) events: \(error), \(survival)"
        }
    }

    /// Cuts the power after each event, in several ways, until `most` faults are found.
    private func faults(in run: Run, seeds: Int, atMost most: Int = .max) throws -> (states: Int, faults: [String]) {
        var cut = PowerCut()
        var states = 0
        var faults: [String] = []
        for (index, event) in run.events.enumerated() {
            cut.apply(event)
            // The first start makes 257 folders one after another.
            if case .makeFolder = event, index % 32 != 0 { continue }
            guard faults.count < most else { break }
            var survivals: [PowerCut.Survival] = [.nothing, .everything]
            survivals += (0..<seeds).map { .some(seed: UInt64(index * 100 + $0)) }
            for survival in survivals {
                states += 1
                if let fault = try fault(in: cut, survival, run, after: index + 1) { faults.append(fault) }
            }
        }
        return (states, faults)
    }

    @Test(arguments: [false, true])
    func losesNothingAcknowledgedAndShowsNothingHalf(ofSmallParts isSmall: Bool) throws {
        let environment = ProcessInfo.processInfo.environment
        let changes = environment["CALLPATH_CRASH_CHANGES"].flatMap { Int($0) } ?? (isSmall ? 60 : 24)
        let run = try run(changes, seed: 1, ofSmallParts: isSmall)
        let (states, faults) = try faults(in: run, seeds: 3)
        print("crash states\(isSmall ? " of small changes" : ""): \(states), wrong: \(faults.count)")
        #expect(states >= 1_000)
        #expect(faults.isEmpty, "\(faults.prefix(5))")
    }

    @Test(arguments: Plant.allCases)
    func catchesAProgramThatForgets(_ plant: Plant) throws {
        let run = try run(12, seed: 1, planting: plant)
        #expect(try !faults(in: run, seeds: 1, atMost: 1).faults.isEmpty)
    }
}
