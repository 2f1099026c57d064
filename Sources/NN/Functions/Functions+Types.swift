import Tensors

extension FunctionType {
    /// Types of elements, and what Python's `getattr` tells of a tensor.
    static let types: [FunctionType] = casts + conversions

    private static let conversions: [FunctionType] = [
        FunctionType(
            "to",
            "input, dtype=None",
            spec: .of { spec, call in
                call.dtype(1).map { spec.with(dtype: $0) }
            }
        ) { call in
            let tensor = try call.tensor(0)
            switch call.values[1] {
            case .tensor(let other): return .tensor(try tensor.converted(to: other.dtype))
            // A device: there is one.
            case .string: return .tensor(tensor)
            case .none, .bool, .integer, .float, .dtype, .slice, .ellipsis, .tuple, .list, .dictionary:
                return .tensor(try tensor.converted(to: call.dtype(1, tensor.dtype)))
            }
        },
        FunctionType("type_as", "input, other", spec: .of { $0.with(dtype: $1.tensor(1).dtype) }) { call in
            .tensor(try call.tensor(0).converted(to: call.tensor(1).dtype))
        },
        FunctionType("item", "input") { call in
            let tensor = try call.tensor(0)
            let number = try tensor.item()
            guard !tensor.dtype.isFloatingPoint else { return .float(number) }
            return tensor.dtype == .bool ? .bool(number != 0) : .integer(tensor.scalars(as: Int64.self).first ?? 0)
        },
        attribute,
    ]

    private static let castNames: [(String, DType)] = [
        ("float", .float32), ("double", .float64), ("half", .float16), ("bfloat16", .bfloat16), ("long", .int64),
        ("int", .int32), ("bool", .bool),
    ]

    private static let casts: [FunctionType] = castNames.map { name, dtype in
        FunctionType(elementwise: name, spec: .of { spec, _ in spec.with(dtype: dtype) }) {
            try $0.converted(to: dtype)
        }
    }

    private static let attribute = FunctionType("getattr", "input, name", spec: .attribute) { call in
        let tensor = try call.tensor(0)
        switch try call.string(1) {
        case "shape": return .tuple(tensor.shape.map { .integer(Int64($0)) })
        case "dtype": return .dtype(tensor.dtype)
        case "ndim": return .integer(Int64(tensor.rank))
        case "device": return .string("cpu")
        case "T": return .tensor(try tensor.permuted(Array((0..<tensor.rank).reversed())))
        case "mT": return .tensor(try tensor.transposed(-2, -1))
        case let name: throw TensorError.function(.noAttribute(name))
        }
    }

    /// Distances and angles between rows.
    static let distances: [FunctionType] = [
        FunctionType("softmax", "input, dim=None, _stacklevel=3, dtype=None", spec: .exponentials) { call in
            let tensor = try call.tensor(0)
            return .tensor(try tensor.converted(to: call.dtype(3, tensor.dtype)).softmax(dim: call.softmaxAxis))
        },
        FunctionType("softmin", "input, dim=None, _stacklevel=3, dtype=None", spec: .exponentials) { call in
            let tensor = try call.tensor(0).negated()
            return .tensor(try tensor.converted(to: call.dtype(3, tensor.dtype)).softmax(dim: call.softmaxAxis))
        },
        FunctionType("log_softmax", "input, dim=None, _stacklevel=3, dtype=None", spec: .exponentials) { call in
            let tensor = try call.tensor(0)
            return .tensor(try tensor.converted(to: call.dtype(3, tensor.dtype)).logSoftmax(dim: call.softmaxAxis))
        },
        FunctionType("normalize", "input, p=2.0, dim=1, eps=1e-12", spec: .along(2)) { call in
            .tensor(try call.tensor(0).normalized(p: call.double(1), dim: call.int(2), epsilon: call.double(3)))
        },
        FunctionType("cosine_similarity", "x1, x2, dim=1, eps=1e-8", spec: .similarity) { call in
            .tensor(
                try .cosineSimilarity(call.tensor(0), call.tensor(1), dim: call.int(2), epsilon: call.double(3))
            )
        },
        FunctionType("pairwise_distance", "x1, x2, p=2.0, eps=1e-6, keepdim=False", spec: .distance) { call in
            .tensor(
                try .pairwiseDistance(
                    call.tensor(0),
                    call.tensor(1),
                    p: call.double(2),
                    epsilon: call.double(3),
                    keepDim: call.bool(4)
                )
            )
        },
    ]
}

extension SpecRule {
    /// What a tensor says of itself.
    fileprivate static let attribute = SpecRule { call in
        let spec = call.tensor(0)
        guard case .constant(.string(let name)) = call.values[1] else { return .unknown }
        switch name {
        case "shape": return spec.shape.map { .tuple($0.map(ValueSpec.size)) } ?? .unknown
        case "ndim": return spec.rank.map { .size(.fixed($0)) } ?? .unknown
        case "dtype": return spec.dtype.map { .constant(.dtype($0)) } ?? .unknown
        case "device": return .constant(.string("cpu"))
        case "T": return spec.rank.map { .tensor(spec.permuted(Array((0..<$0).reversed()))) } ?? .unknown
        case "mT":
            guard let rank = spec.rank, rank >= 2 else { return .unknown }
            return .tensor(spec.permuted(Array(0..<rank - 2) + [rank - 1, rank - 2]))
        default: return .unknown
        }
    }

    fileprivate static let similarity = SpecRule { call in
        call.int(2).map { .reducedPair(Array(call.values[..<2]), $0, keepDim: false).ofFloats } ?? .unknown
    }

    fileprivate static let distance = SpecRule { call in
        call.bool(4).map { .reducedPair(Array(call.values[..<2]), -1, keepDim: $0).ofFloats } ?? .unknown
    }

    /// As the first argument, row by row along an axis, with the dtype that is named.
    fileprivate static let exponentials = SpecRule { call in
        guard case .tensor(let spec) = along(1).rule(call) else { return .unknown }
        return .tensor(spec.with(dtype: call.dtype(3) ?? spec.dtype))
    }
}

extension FunctionCall {
    /// The axis of a softmax; without one PyTorch takes the first, or the second of two or of four and more.
    fileprivate var softmaxAxis: Int {
        get throws {
            let rank = try tensor(0).rank
            return try optionalInt(1) ?? ([0, 1, 3].contains(rank) ? 0 : 1)
        }
    }
}
