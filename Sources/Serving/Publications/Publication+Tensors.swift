import Models
import NN
package import Tensors

/// A parameter or buffer of a published module.
package struct ParameterValue: Sendable {
    /// The value, outside of any graph.
    package let tensor: Tensor
    /// Whether it is learned, so that PyTorch prints it as a `Parameter`.
    package let isParameter: Bool
}

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

extension Publication {
    /// Returns the parameter or buffer with the key `key` in the state dictionary.
    package func tensor(_ key: String) throws(ServingError) -> ParameterValue {
        if let parameter = root.parameter(at: key) {
            return ParameterValue(tensor: parameter.tensor.detached(), isParameter: true)
        }
        if let buffer = root.buffer(at: key) { return ParameterValue(tensor: buffer, isParameter: false) }
        throw .unknownParameter(module: name, key: key)
    }

    /// Returns where the parameter or buffer `key` stands, and what is known of it, also when it is None.
    func slot(_ key: String) throws(ServingError) -> (place: Place, declaration: TensorDeclaration) {
        // A class with modules inside declares their tensors under names with dots, so that each dot may be the one.
        let names = key.split(separator: ".", omittingEmptySubsequences: false)
        for count in (0..<names.count).reversed() {
            let entry = names[count...].joined(separator: ".")
            guard let place = place(at: names[..<count].joined(separator: ".")),
                let declaration = place.layer.declaredTensors.first(where: { $0.name == entry })
            else { continue }
            return (place, declaration)
        }
        throw .unknownParameter(module: name, key: key)
    }

    /// Returns the storages behind the tensors of `root`, each once, without those of trees that only stand in it.
    static func storages(of root: Module, without others: [Module]) -> [StorageUse] {
        let foreign = Set(others.flatMap { $0.modules() }.map(ObjectIdentifier.init))
        let modules = root.modules().filter { !foreign.contains(ObjectIdentifier($0)) }
        let uses = modules.flatMap { module in
            let parameters = module.parameterTable.compactMap(\.value?.tensor)
            let packed = module.packedParameters.compactMap { module.parameter(at: $0)?.tensor.storageOwner }
            let tensors = parameters + module.bufferTable.compactMap(\.value)
            return tensors.map { tensor in
                StorageUse(tensor, packedIf: packed.contains { $0 === tensor.storageOwner })
            }
        }
        return Array(Dictionary(uses.map { ($0.id, $0) }) { $0.footprint < $1.footprint ? $1 : $0 }.values)
    }
}

extension StorageUse {
    fileprivate init(_ tensor: Tensor, packedIf isPacked: Bool) {
        id = ObjectIdentifier(tensor.storageOwner)
        byteCount = tensor.byteCount
        packedByteCount = isPacked ? tensor.byteCount : 0
    }
}
