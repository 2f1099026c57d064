package import Models
import NN
import Tensors

/// What the metadata says of a module that names its inputs: as far as its nodes tell, on a batch of any size.
extension ModelSignature {
    init(of module: Module, _ parameters: [CallParameter], listDType: DType?) {
        let specs = module.inputSpecs ?? []
        func spec(_ index: Int) -> TensorSpec { specs.indices.contains(index) ? specs[index] : .unknown }
        let isTensor = parameters.map { $0.defaultValue?.isNone ?? true }
        inputs = parameters.indices.filter { isTensor[$0] }.map { index in
            TensorSignature(name: parameters[index].name, spec(index), dtype: nil)
        }
        let output = module.outputSpec(
            for: parameters.indices.map { index in
                isTensor[index] ? .tensor(spec(index)) : .constant(parameters[index].defaultValue ?? .none)
            }
        )
        outputs = TensorSignature.all(of: output, named: "output", dtype: nil)
        hasBatchAxis = !output.tensors.isEmpty && output.tensors.allSatisfy(\.isBatch)
        named = parameters.indices.map { index in
            NamedInput(
                name: parameters[index].name,
                listDType: .init(ofModuleTaking: spec(index).dtype ?? listDType),
                takesValue: !isTensor[index]
            )
        }
    }
}

extension TensorSignature {
    /// Creates the signature of a tensor; `dtype` is what it has where its own is not known.
    init(name: String, _ spec: TensorSpec, dtype: DType?) {
        self.init(name: name, dtype: spec.dtype ?? dtype, shape: spec.shape?.map { $0.number ?? -1 } ?? [-1])
    }

    /// Names the outputs as `CallOutputs` does; one alone has the name `name`.
    static func all(of output: ValueSpec, named name: String, dtype: DType?) -> [TensorSignature] {
        switch output {
        case .tuple(let elements), .list(let elements):
            elements.enumerated().flatMap { inside($1, as: "output_\($0)", dtype) }
        case .dictionary(let elements): elements.flatMap { inside($0.value, as: $0.key, dtype) }
        case .tensor, .size, .constant, .slice, .unknown: inside(output, as: name, dtype)
        }
    }

    private static func inside(_ output: ValueSpec, as name: String, _ dtype: DType?) -> [TensorSignature] {
        switch output {
        case .tensor(let spec): [TensorSignature(name: name, spec, dtype: dtype)]
        case .constant(.tensor(let tensor)): [TensorSignature(name: name, TensorSpec(of: tensor), dtype: dtype)]
        case .size, .constant(.integer): [TensorSignature(name: name, dtype: .int64, shape: [])]
        case .constant(.float): [TensorSignature(name: name, dtype: .float64, shape: [])]
        case .constant(.bool): [TensorSignature(name: name, dtype: .bool, shape: [])]
        case .constant, .slice: []
        case .tuple(let elements), .list(let elements):
            elements.enumerated().flatMap { inside($1, as: "\(name).\($0)", dtype) }
        case .dictionary(let elements): elements.flatMap { inside($0.value, as: "\(name).\($0.key)", dtype) }
        case .unknown: [TensorSignature(name: name, dtype: dtype, shape: [-1])]
        }
    }
}

extension ModuleVersion {
    /// The inputs by name, of a module that names them.
    package var namedInputs: [NamedInput] {
        root.forwardParameters == nil ? [] : signature.named
    }
}
