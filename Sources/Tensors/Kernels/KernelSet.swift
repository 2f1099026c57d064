internal import CKernels
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The matrix kernels of one instruction set.
///
/// A process computes with one set: the fastest that the machine has, unless the environment variable
/// `CALLPATH_KERNELS` (a set's name, or `auto`) or `select(_:)` names another. Results of different sets differ in the last bits.
package struct KernelSet: Sendable, CustomStringConvertible {
    // The table is a constant of the C target: never written, never freed.
    nonisolated(unsafe) let table: UnsafePointer<callpath_kernels>

    /// The name of the instruction set: `avx512`, `avx2`, `baseline` or `neon`.
    package var description: String { String(cString: table.pointee.name) }

    /// The sets that this machine can run, fastest first; never empty.
    package static let available: [KernelSet] =
        (0...).lazy.map(callpath_kernels_at).prefix { $0 != nil }.compactMap { $0.map(KernelSet.init) }

    /// The set that products use.
    package static var current: KernelSet {
        let index = selected.load(ordering: .relaxed)
        return index < 0 ? preferred : available[index]
    }

    /// Makes every product from now on use `set`.
    package static func select(_ set: KernelSet) {
        selected.store(available.firstIndex { $0.table == set.table } ?? 0, ordering: .relaxed)
    }

    /// The set called `name`, if this machine has it.
    package init?(named name: String) {
        guard let set = Self.available.first(where: { $0.description == name }) else { return nil }
        self = set
    }

    private init(table: UnsafePointer<callpath_kernels>) {
        self.table = table
    }

    /// The index of the selected set; -1 until one is selected.
    private static let selected = Atomic<Int>(-1)

    private static let preferred: KernelSet = {
        guard let name = getenv("CALLPATH_KERNELS").map({ String(cString: $0) }), !["", "auto"].contains(name)
        else {
            return available[0]
        }
        guard let set = KernelSet(named: name) else {
            preconditionFailure("CALLPATH_KERNELS is \(name), but this machine has \(available)")
        }
        return set
    }()
}
