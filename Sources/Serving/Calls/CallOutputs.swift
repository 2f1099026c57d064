package import NN
package import OrderedCollections
package import Tensors

/// What a call gave, as one tensor or as several by name.
package struct CallOutputs: Sendable {
    /// The value as the module gave it.
    package let value: Value
    /// The tensors by name; `nil` for one bare tensor, for which no table is made.
    private let named: OrderedDictionary<String, Tensor>?

    /// The tensors by name, numbers among them as tensors without axes; one bare tensor is `output`.
    package var tensors: OrderedDictionary<String, Tensor> { named ?? only.map { ["output": $0] } ?? [:] }

    /// Names the tensors of `value`: by keys and positions on the way to them, those of a bare tuple `output_0` onwards.
    ///
    /// A tuple, a list or a dictionary may have none, as what `unbind` makes of an axis without entries.
    /// - Throws: `ModuleError.outputIsNoTensor` when it is something else without a tensor.
    init(_ value: Value, of module: Module) throws {
        self.value = value
        guard value.tensor == nil else {
            named = nil
            return
        }
        var tensors: OrderedDictionary<String, Tensor> = [:]
        switch value {
        case .tuple(let elements), .list(let elements):
            for (index, element) in elements.enumerated() {
                try Self.gather(element, as: "output_\(index)", into: &tensors)
            }
        case .dictionary(let elements):
            for (key, element) in elements { try Self.gather(element, as: key, into: &tensors) }
        case .tensor, .none, .bool, .integer, .float, .string, .dtype, .slice, .ellipsis:
            try Self.gather(value, as: "output", into: &tensors)
            if tensors.isEmpty { _ = try module.oneTensor(of: value) }
        }
        named = tensors
    }

    private static func gather(
        _ value: Value,
        as name: String,
        into tensors: inout OrderedDictionary<String, Tensor>
    ) throws {
        switch value {
        case .tensor(let tensor): tensors[name] = tensor
        case .bool(let flag): tensors[name] = try Tensor(scalar: flag)
        case .integer(let number): tensors[name] = try Tensor(scalar: number)
        case .float(let number): tensors[name] = try Tensor(scalar: number)
        case .tuple(let elements), .list(let elements):
            for (index, element) in elements.enumerated() {
                try gather(element, as: "\(name).\(index)", into: &tensors)
            }
        case .dictionary(let elements):
            for (key, element) in elements { try gather(element, as: "\(name).\(key)", into: &tensors) }
        case .none, .string, .dtype, .slice, .ellipsis: break
        }
    }

    /// The one tensor that the module gave; `nil` when it gave something else.
    package var only: Tensor? { value.tensor }

    /// The first tensor, if there is one.
    package var first: Tensor? { named.map(\.values.first) ?? only }

    /// The number of tensors.
    package var count: Int { named?.count ?? 1 }

    /// The number of elements of all tensors.
    package var elementCount: Int { named?.values.reduce(0) { $0 + $1.elementCount } ?? only?.elementCount ?? 0 }

    /// The number of bytes of all tensors.
    package var byteCount: Int { named?.values.reduce(0) { $0 + $1.byteCount } ?? only?.byteCount ?? 0 }
}

extension Value {
    /// The text that Python prints.
    package var pythonText: String {
        switch self {
        case .tensor(let tensor): tensor.description
        case .none: "None"
        case .bool(let flag): flag ? "True" : "False"
        case .integer(let number): "\(number)"
        case .float(let number): "\(number)"
        case .string(let text): "'\(text)'"
        case .dtype(let dtype): "\(dtype)"
        case .slice, .ellipsis: "\(pythonType)"
        case .tuple(let elements):
            "(\(elements.map(\.pythonText).joined(separator: ", "))\(elements.count == 1 ? "," : ""))"
        case .list(let elements): "[\(elements.map(\.pythonText).joined(separator: ", "))]"
        case .dictionary(let elements): "{\(elements.map { "'\($0)': \($1.pythonText)" }.joined(separator: ", "))}"
        }
    }
}
