import Tensors

extension FunctionType {
    /// Shapes.
    static let shapes: [FunctionType] = views + orders + parts + sizes

    private static let sizes: [FunctionType] = [
        reshape("reshape") { try $0.reshaped(to: $1) }, reshape("view") { try $0.viewed(under: $1) },
        FunctionType(
            "flatten",
            "input, start_dim=0, end_dim=-1",
            spec: SpecRule { call in
                guard let first = call.int(1), let last = call.int(2) else { return .unknown }
                return .tensor(call.tensor(0).flattened(from: first, through: last))
            },
            partial: { call in
                let (first, last) = (try call.int(1), try call.int(2))
                return { try $0.flattened(from: first, through: last) }
            }
        ) { call in
            .tensor(try call.tensor(0).flattened(from: call.int(1), through: call.int(2)))
        },
        FunctionType("cat", "tensors, dim=0", spec: .concatenated) { call in
            .tensor(try .cat(call.tensors(0), dim: call.int(1)))
        },
        FunctionType(
            "size",
            "input, dim=None",
            spec: SpecRule { call in
                let spec = call.tensor(0)
                guard let shape = spec.shape else { return .unknown }
                guard let dim = call.int(1) else { return .tuple(shape.map(ValueSpec.size)) }
                return spec.extent(dim).map(ValueSpec.size) ?? .unknown
            }
        ) { call in
            let shape = try call.tensor(0).shape
            guard let dim = try call.optionalInt(1) else { return .tuple(shape.map { .integer(Int64($0)) }) }
            guard (-max(1, shape.rank)..<max(1, shape.rank)).contains(dim), !shape.isEmpty else {
                throw TensorError.dimensionOutOfRange(dim, rank: shape.rank)
            }
            return .integer(Int64(shape[dim < 0 ? dim + shape.rank : dim]))
        },
    ]

    private static func reshape(
        _ name: String,
        _ body: @escaping @Sendable (Tensor, [Int]) throws -> Tensor
    ) -> FunctionType {
        FunctionType(
            name,
            "input, *shape",
            spec: SpecRule { call in
                call.sizes(1).map { .tensor(call.tensor(0).reshaped(to: $0)) } ?? .unknown
            }.ofSizes,
            partial: { call in
                let sizes = try call.sizes(1)
                return { try body($0, sizes) }
            }
        ) { call in
            .tensor(try body(call.tensor(0), call.sizes(1)))
        }
    }
}
