import HashTreeCollections
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

/// The storages of the tensors of a tree, in a tree of blocks: the next version has the same blocks but for those on the way to
/// modules that changed.
struct TreeStorages: Sendable {
    /// Some modules that follow each other.
    final class Block: Sendable {
        enum Content {
            /// What each of them uses, a storage as often as they use it.
            case uses([[StorageUse]])
            /// Blocks of so many of them each; the last may have fewer.
            case blocks([Block], moduleCount: Int)
        }

        let content: Content

        init(_ content: Content) {
            self.content = content
        }
    }

    private static let width = 16

    private(set) var root: Block
    /// The place of each module among all.
    private var places: TreeDictionary<ObjectIdentifier, Int> = [:]

    /// Lists what the modules of `root` use, without those of trees that only stand in it.
    init(of root: Module, without others: [Module]) {
        let foreign = Set(others.flatMap { $0.modules() }.map(ObjectIdentifier.init))
        let own = root.modules().filter { !foreign.contains(ObjectIdentifier($0)) }
        self.root = Block.tree(of: own, width: Self.width)
        for (place, module) in own.enumerated() { places[ObjectIdentifier(module)] = place }
    }

    /// Returns what a copy of the tree uses in which `copies` took the place of their originals.
    func replacing(_ copies: [(original: Module, copy: Module)]) -> TreeStorages {
        var next = self
        var changes: [Block.Change] = []
        for (original, copy) in copies {
            guard let place = next.places.removeValue(forKey: ObjectIdentifier(original)) else { continue }
            next.places[ObjectIdentifier(copy)] = place
            changes.append((place, StorageUse.all(of: copy)))
        }
        next.root = root.replacing(changes)
        return next
    }

    /// All the memory that they may take, each counted once.
    var footprint: Int { sum(\.footprint) }

    /// The bytes of the tensors, each storage counted once.
    var byteCount: Int { sum(\.byteCount) }

    private func sum(_ bytes: (StorageUse) -> Int) -> Int {
        Dictionary(root.allUses.map { ($0.id, bytes($0)) }, uniquingKeysWith: max).values.reduce(0, +)
    }
}

extension TreeStorages.Block {
    fileprivate typealias Change = (place: Int, uses: [StorageUse])

    fileprivate static func tree(of modules: [Module], width: Int) -> TreeStorages.Block {
        var size = width
        var blocks = Self.parts(of: modules, width).map { TreeStorages.Block(.uses($0.map(StorageUse.all))) }
        while blocks.count > 1 {
            blocks = Self.parts(of: blocks, width).map { TreeStorages.Block(.blocks(Array($0), moduleCount: size)) }
            size *= width
        }
        return blocks.first ?? TreeStorages.Block(.uses([]))
    }

    private static func parts<Element>(of elements: [Element], _ size: Int) -> [ArraySlice<Element>] {
        stride(from: 0, to: elements.count, by: size).map { elements[$0..<min($0 + size, elements.count)] }
    }

    fileprivate func replacing(_ changes: [Change]) -> TreeStorages.Block {
        guard !changes.isEmpty else { return self }
        switch content {
        case .uses(var uses):
            for change in changes { uses[change.place] = change.uses }
            return TreeStorages.Block(.uses(uses))
        case .blocks(var blocks, let size):
            for (index, inner) in Dictionary(grouping: changes, by: { $0.place / size }) {
                blocks[index] = blocks[index].replacing(inner.map { ($0.place % size, $0.uses) })
            }
            return TreeStorages.Block(.blocks(blocks, moduleCount: size))
        }
    }

    fileprivate var allUses: [StorageUse] {
        switch content {
        case .uses(let uses): Array(uses.joined())
        case .blocks(let blocks, _): blocks.flatMap(\.allUses)
        }
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
