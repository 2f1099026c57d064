import Tensors

extension DType {
    /// The types in the format's own order, from the weakest alignment to the strongest, with the names it gives them.
    private static let safetensorsOrder: [(dtype: DType, name: String)] = [
        (.bool, "BOOL"), (.uint8, "U8"), (.int8, "I8"), (.int16, "I16"), (.uint16, "U16"), (.float16, "F16"),
        (.bfloat16, "BF16"), (.int32, "I32"), (.uint32, "U32"), (.float32, "F32"), (.float64, "F64"), (.int64, "I64"),
        (.uint64, "U64"),
    ]

    /// Creates the type that the format calls `name`.
    init?(safetensorsName name: String) {
        guard let entry = Self.safetensorsOrder.first(where: { $0.name == name }) else { return nil }
        self = entry.dtype
    }

    /// The place in the format's order: tensors of higher rank are written first, so that each is aligned.
    var safetensorsRank: Int { Self.safetensorsOrder.firstIndex { $0.dtype == self } ?? 0 }

    /// The name that the format gives the type.
    var safetensorsName: String { Self.safetensorsOrder[safetensorsRank].name }
}
