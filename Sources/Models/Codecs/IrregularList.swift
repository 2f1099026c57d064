import JSON
import Tensors

/// Lists that need PyTorch's own inference, or its words for what is wrong with them.
enum IrregularList {
    static func tensor(_ value: JSONValue, as listDType: JSONTensorReader.ListDType) throws(TensorError) -> Tensor {
        switch listDType {
        case .widest: try Tensor(nested: nested(value, readsNonFinite: true))
        case .fixed(let dtype): try tensor(value, as: dtype)
        }
    }

    private static func tensor(_ value: JSONValue, as dtype: DType) throws(TensorError) -> Tensor {
        let nested = nested(value, readsNonFinite: dtype.isFloatingPoint)
        do {
            return try Tensor(nested: nested, dtype: dtype)
        } catch {
            // What `torch.tensor` says without a dtype is more to the point, where it says anything.
            _ = try Tensor(nested: nested)
            throw error
        }
    }

    private static func nested(_ value: JSONValue, readsNonFinite: Bool) -> NestedValue {
        switch value {
        case .null: .null
        case .bool(let bool): .bool(bool)
        case .number(.int(let integer)): .int(integer)
        case .number(.double(let double)): .double(double)
        case .number(let number): .bigInteger(number.doubleValue)
        case .string(let text):
            readsNonFinite ? nonFinite[text].map(NestedValue.double) ?? .string(text) : .string(text)
        case .array(let elements): .list(elements.map { nested($0, readsNonFinite: readsNonFinite) })
        case .object: .dict
        }
    }

    private static let nonFinite = ["NaN": Double.nan, "Infinity": .infinity, "-Infinity": -.infinity]
}
