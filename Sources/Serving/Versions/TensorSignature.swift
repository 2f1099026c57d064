import Models
import NN
package import Tensors

/// A tensor as a model's metadata names it.
package struct TensorSignature: Sendable, Equatable {
    package var name: String
    /// `nil` for any.
    package var dtype: DType?
    /// The sizes; -1 for any.
    package var shape: [Int]
}

/// What a model's metadata says of its calls.
struct ModelSignature: Sendable {
    let inputs: [TensorSignature]
    let outputs: [TensorSignature]
    let hasBatchAxis: Bool
    /// The inputs by name, of a module that names them.
    var named: [NamedInput] = []
}

extension ModuleVersion {
    /// The type that a bare list of numbers takes; `nil` for a module without parameters, which takes float32.
    package var listDType: DType? { profile.listDType }

    /// What a call takes.
    package var inputs: [TensorSignature] { signature.inputs }

    /// What a call gives.
    package var outputs: [TensorSignature] { signature.outputs }

    /// Whether the first axis of an input is a batch: a layer fixes the size of the last one, or looks indices up.
    package var hasBatchAxis: Bool { signature.hasBatchAxis }

    /// Asks the tree for what it declares, in O(number of modules).
    func makeSignature() -> ModelSignature {
        if let parameters = root.forwardParameters {
            return ModelSignature(of: root, parameters, listDType: profile.listDType)
        }
        let names = inputCount == 1 ? [inputName] : (1...inputCount).map { "\(inputName)\($0)" }
        let specs = root.inputSpecs ?? names.map { _ in .unknown }
        let output = root.outputSpec(for: specs.map(ValueSpec.tensor))
        return ModelSignature(
            inputs: zip(names, specs).map { TensorSignature(name: $0, $1, dtype: profile.listDType) },
            outputs: TensorSignature.all(of: output, named: outputName, dtype: profile.listDType),
            hasBatchAxis: (specs + output.tensors).allSatisfy { $0.shape?.first == .batch(1) }
        )
    }
}
