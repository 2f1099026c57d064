import JSON
import Tensors

/// Lists that need PyTorch's own inference, or its words for what is wrong with them.
enum IrregularList {
    static func tensor(_ value: JSONValue, as listDType: JSONTensorReader.ListDType) throws(TensorError) -> Tensor {
        switch listDType {
        case .widest: try Tensor(nested: nested(value, readsNonFinite: true))
        case .indices: try indices(nested(value, readsNonFinite: true))
        case .fixed(let dtype): try tensor(value, as: dtype)
        }
    }

    /// Returns whole numbers as int64, also where they are written with a point.
    private static func indices(_ nested: NestedValue) throws(TensorError) -> Tensor {
        let natural = try Tensor(nested: nested)
        guard natural.dtype == .float32, !holdsBoolean(nested) else { return natural }
        let numbers = try Tensor(nested: nested, dtype: .float64).scalars(as: Double.self)
        let areWhole = numbers.allSatisfy { $0 == $0.rounded(.towardZero) && $0.isFinite }
        return areWhole ? try Tensor(nested: nested, dtype: .int64) : natural
    }

    private static func holdsBoolean(_ nested: NestedValue) -> Bool {
        switch nested {
        case .bool: true
        case .list(let elements): elements.contains(where: holdsBoolean)
        case .int, .bigInteger, .double, .string, .null, .dict: false
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
