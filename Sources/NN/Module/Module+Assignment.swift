import OrderedCollections
import Tensors

extension Module {
    /// Puts a `Parameter`, a `Module`, a `Tensor` or `nil` under `name`, as `module.name = value` does in Python.
    ///
    /// For code that knows names only at run time; a layer's own properties, such as `Linear.weight`, say the types.
    /// - Throws: `ModuleError` with PyTorch's text when nothing of this kind can stand there.
    public final func assign(_ value: Any?, to name: String) throws(ModuleError) {
        if let parameter = value as? Parameter {
            try registerParameter(name, parameter)
        } else if parameterSlots[name] != nil {
            try check(value, isNilFor: .parameter, name)
            try registerParameter(name, nil)
        } else if let module = value as? Module {
            try registerChild(name, module)
        } else if childSlots[name] != nil {
            try check(value, isNilFor: .child, name)
            try registerChild(name, nil)
        } else if bufferSlots[name] != nil {
            let tensor = value as? Tensor
            if tensor == nil { try check(value, isNilFor: .buffer, name) }
            try registerBuffer(name, tensor, isPersistent: !transientBuffers.contains(name))
        } else {
            throw .noSuchEntry(type: typeName, name: name)
        }
    }

    private final func check(
        _ value: Any?,
        isNilFor entry: ModuleError.Entry,
        _ name: String
    ) throws(ModuleError) {
        guard let value else { return }
        throw .cannotAssign(type: pythonTypeName(of: value), to: entry, name: name)
    }
}

/// The name that PyTorch's errors give to the type of a value.
private func pythonTypeName(of value: Any) -> String {
    switch value {
    case let tensor as Tensor: "torch.\(tensor.dtype.scalarName)Tensor"
    case let module as Module: module.typeName
    case is Bool: "bool"
    case is any BinaryInteger: "int"
    case is any BinaryFloatingPoint: "float"
    case is String: "str"
    case is [Any]: "list"
    default: "\(type(of: value))"
    }
}
