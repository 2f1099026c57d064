import NN
import Tensors

/// The bytes behind one or more tensors.
struct StorageUse: Hashable {
    let id: ObjectIdentifier
    /// The bytes of the tensors.
    let byteCount: Int
    /// The bytes of the packed copy that calls of a linear layer keep beside its weight, from the first call on.
    let packedByteCount: Int

    /// All the memory that it may take.
    var footprint: Int { byteCount + packedByteCount }
}

/// The storages of the tensors of a tree, in blocks of some modules each: the next version of the tree has the same blocks,
/// but for those of modules that changed.
struct TreeStorages: Sendable {
    /// The storages of some modules, in no order; one stands there as often as modules use it.
    final class Block: Sendable {
        let uses: [[StorageUse]]

        init(_ uses: [[StorageUse]]) {
            self.uses = uses
        }
    }

    /// Few enough that what one changed module has counted anew costs no more than the list of all blocks of some thousands.
    private static let modulesPerBlock = 16

    private(set) var blocks: [Block]
    /// Where each module stands: its block, and its place there.
    private var places: [ObjectIdentifier: (block: Int, place: Int)] = [:]

    /// Lists what the modules of `root` use, without those of trees that only stand in it.
    init(of root: Module, without others: [Module]) {
        let foreign = Set(others.flatMap { $0.modules() }.map(ObjectIdentifier.init))
        let own = root.modules().filter { !foreign.contains(ObjectIdentifier($0)) }
        blocks = stride(from: 0, to: own.count, by: Self.modulesPerBlock).map { start in
            Block(own[start..<min(start + Self.modulesPerBlock, own.count)].map(StorageUse.all))
        }
        places.reserveCapacity(own.count)
        for (index, module) in own.enumerated() {
            let (block, place) = index.quotientAndRemainder(dividingBy: Self.modulesPerBlock)
            places[ObjectIdentifier(module)] = (block, place)
        }
    }

    /// Returns what a copy of the tree uses in which `copies` took the place of their originals.
    func replacing(_ copies: [(original: Module, copy: Module)]) -> TreeStorages {
        var next = self
        var changed: [Int: [[StorageUse]]] = [:]
        for (original, copy) in copies {
            guard let place = next.places.removeValue(forKey: ObjectIdentifier(original)) else { continue }
            next.places[ObjectIdentifier(copy)] = place
            changed[place.block, default: blocks[place.block].uses][place.place] = StorageUse.all(of: copy)
        }
        for (block, uses) in changed { next.blocks[block] = Block(uses) }
        return next
    }

    /// All the memory that they may take, each counted once.
    var footprint: Int { sum(\.footprint) }

    /// The bytes of the tensors, each storage counted once.
    var byteCount: Int { sum(\.byteCount) }

    private func sum(_ bytes: (StorageUse) -> Int) -> Int {
        let uses = blocks.flatMap { $0.uses.joined() }.map { ($0.id, bytes($0)) }
        return Dictionary(uses, uniquingKeysWith: max).values.reduce(0, +)
    }
}

extension StorageUse {
    /// Returns the storages of the tensors of `module` itself.
    fileprivate static func all(of module: Module) -> [StorageUse] {
        let parameters = module.parameterTable.compactMap(\.value?.tensor)
        let packed = module.packedParameters.compactMap { module.parameter(at: $0)?.tensor.storageOwner }
        let tensors = parameters + module.bufferTable.compactMap(\.value)
        return tensors.map { tensor in
            StorageUse(tensor, packedIf: packed.contains { $0 === tensor.storageOwner })
        }
    }

    private init(_ tensor: Tensor, packedIf isPacked: Bool) {
        id = ObjectIdentifier(tensor.storageOwner)
        byteCount = tensor.byteCount
        packedByteCount = isPacked ? tensor.byteCount : 0
    }
}
