import NN
import Models
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

extension Publication {
    /// The type that a bare list of numbers takes; `nil` for a module without parameters, which takes float32.
    package var listDType: DType? { profile.listDType }

    /// What a call takes.
    package var inputs: [TensorSignature] { signature.inputs }

    /// What a call gives.
    package var outputs: [TensorSignature] { signature.outputs }

    /// Whether the first axis of an input is a batch: a layer fixes the size of the last one, or looks indices up.
    package var hasBatchAxis: Bool { signature.hasBatchAxis }

    /// Goes through the tree for the signature, in O(number of modules).
    func makeSignature() -> ModelSignature {
        if let parameters = root.forwardParameters {
            return ModelSignature(of: root, parameters, listDType: profile.listDType)
        }
        return ModelSignature(inputs: inputSignatures, outputs: outputSignatures, hasBatchAxis: findsBatchAxis)
    }

    private var inputSignatures: [TensorSignature] {
        let names = inputCount == 1 ? [inputName] : (1...inputCount).map { "\(inputName)\($0)" }
        let sizes = inputSizes
        return zip(names, sizes).map { TensorSignature(name: $0, dtype: inputDType, shape: $1) }
    }

    private var outputSignatures: [TensorSignature] {
        let features = outputFeatures
        let shape = findsBatchAxis ? (profile.takesIndices ? [-1, -1, features] : [-1, features]) : [-1]
        return [TensorSignature(name: outputName, dtype: outputDType, shape: shape)]
    }

    private var findsBatchAxis: Bool {
        guard plan.root.type.inputCount == 1 else { return true }
        return profile.takesIndices || inputFeatures != nil
    }

    private var inputSizes: [[Int]] {
        if plan.root.type.name == "Bilinear" {
            return ["in1_features", "in2_features"].map { [-1, plan.root.arguments.int($0)] }
        }
        if profile.takesIndices { return [[-1, -1]] }
        return [inputFeatures.map { [-1, $0] } ?? [-1]]
    }

    private var leaves: [Place] { places().filter { $0.layer.type.children == .none } }

    private var inputDType: DType? { profile.listDType ?? leaves.first?.layer.dtype }

    private var outputDType: DType? {
        leaves.last { $0.layer.shownDType != nil }?.layer.shownDType ?? inputDType
    }

    /// The size of the last axis of an input, as far as the first layer that cares is not behind one that reshapes.
    private var inputFeatures: Int? {
        for leaf in leaves {
            let features = leaf.layer.type.features(leaf.layer.arguments)
            if let input = features.input { return input }
            if features.output != .sameAsInput { return nil }
        }
        return nil
    }

    /// The size of the last axis of an output; -1 for any.
    private var outputFeatures: Int {
        var size = inputFeatures ?? -1
        for leaf in leaves {
            switch leaf.layer.type.features(leaf.layer.arguments).output {
            case .sameAsInput: break
            case .size(let next): size = next
            case .unknown: size = -1
            }
        }
        return size
    }
}
