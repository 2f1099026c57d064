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
            TensorSignature(name: parameters[index].name, spec(index))
        }
        let output = module.outputSpec(
            for: parameters.indices.map { index in
                isTensor[index] ? .tensor(spec(index)) : .constant(parameters[index].defaultValue ?? .none)
            }
        )
        outputs = Self.named(output)
        hasBatchAxis = !output.tensors.isEmpty && output.tensors.allSatisfy(\.isBatch)
        named = parameters.indices.map { index in
            NamedInput(
                name: parameters[index].name,
                listDType: .init(ofModuleTaking: spec(index).dtype ?? listDType),
                takesValue: !isTensor[index]
            )
        }
    }

    /// Names the outputs as `CallOutputs` does.
    private static func named(_ output: ValueSpec) -> [TensorSignature] {
        switch output {
        case .tuple(let elements), .list(let elements):
            elements.enumerated().flatMap { named($1, as: "output_\($0)") }
        case .dictionary(let elements): elements.flatMap { named($0.value, as: $0.key) }
        case .tensor, .size, .constant, .slice, .unknown: named(output, as: "output")
        }
    }

    private static func named(_ output: ValueSpec, as name: String) -> [TensorSignature] {
        switch output {
        case .tensor(let spec): [TensorSignature(name: name, spec)]
        case .constant(.tensor(let tensor)): [TensorSignature(name: name, TensorSpec(of: tensor))]
        case .size, .constant(.integer): [TensorSignature(name: name, dtype: .int64, shape: [])]
        case .constant(.float): [TensorSignature(name: name, dtype: .float64, shape: [])]
        case .constant(.bool): [TensorSignature(name: name, dtype: .bool, shape: [])]
        case .constant, .slice: []
        case .tuple(let elements), .list(let elements):
            elements.enumerated().flatMap { named($1, as: "\(name).\($0)") }
        case .dictionary(let elements): elements.flatMap { named($0.value, as: "\(name).\($0.key)") }
        case .unknown: [TensorSignature(name: name, dtype: nil, shape: [-1])]
        }
    }
}

extension TensorSignature {
    fileprivate init(name: String, _ spec: TensorSpec) {
        self.init(name: name, dtype: spec.dtype, shape: spec.shape?.map { $0.number ?? -1 } ?? [-1])
    }
}

extension Publication {
    /// Whether its `forward` is data.
    package var isGraph: Bool { plan.root.graph != nil }

    /// The inputs by name, of a module that names them.
    package var namedInputs: [NamedInput] {
        root.forwardParameters == nil ? [] : signature.named
    }

    /// The names under which the gradients of the inputs of a call are given; empty for a module of one input or without
    /// names.
    func gradInputNames(_ request: CallRequest) -> [String] {
        guard let parameters = root.forwardParameters, parameters.count > 1 else { return [] }
        return parameters.prefix(request.inputs.count).map(\.name)
            + request.named.flatMap { name, value in value.tensors.map { _ in name } }
    }
}
