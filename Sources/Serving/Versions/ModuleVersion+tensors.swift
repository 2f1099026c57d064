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

extension ModuleVersion {
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
}
