import Tensors

extension FunctionType {
    /// Sums and what is like them.
    static let reductions: [FunctionType] = sums + moments + truths + Extreme.allCases.flatMap(extremes)

    private static let sums: [FunctionType] = [
        FunctionType("sum", "input, dim=None, keepdim=False, *, dtype=None", spec: .total(dtype: 3)) { call in
            .tensor(
                try call.tensor(0).sum(dims: call.optionalInts(1), keepDim: call.bool(2), dtype: call.optionalDType(3))
            )
        },
        FunctionType("mean", "input, dim=None, keepdim=False, *, dtype=None", spec: .total(dtype: 3)) { call in
            .tensor(
                try call.tensor(0).mean(dims: call.optionalInts(1), keepDim: call.bool(2), dtype: call.optionalDType(3))
            )
        },
        FunctionType("prod", "input, dim=None, keepdim=False, *, dtype=None", spec: .total(dtype: 3)) { call in
            .tensor(
                try call.tensor(0).prod(dim: call.optionalInt(1), keepDim: call.bool(2), dtype: call.optionalDType(3))
            )
        },
        FunctionType("cumsum", "input, dim, *, dtype=None", spec: .scan(dtype: 2)) { call in
            .tensor(try call.tensor(0).cumsum(dim: call.int(1), dtype: call.optionalDType(2)))
        },
        FunctionType("cumprod", "input, dim, *, dtype=None", spec: .scan(dtype: 2)) { call in
            .tensor(try call.tensor(0).cumprod(dim: call.int(1), dtype: call.optionalDType(2)))
        },
        FunctionType("logsumexp", "input, dim, keepdim=False", spec: .floats) { call in
            .tensor(try call.tensor(0).logSumExp(dims: call.ints(1), keepDim: call.bool(2)))
        },
        FunctionType("norm", "input, p='fro', dim=None, keepdim=False, dtype=None", spec: .norm) { call in
            let order: Double = if case .string("fro") = call.values[1] { 2 } else { try call.double(1) }
            return .tensor(
                try call.tensor(0).norm(
                    p: order,
                    dims: call.optionalInts(2),
                    keepDim: call.bool(3),
                    dtype: call.optionalDType(4)
                )
            )
        },
    ]

    private static let moments: [FunctionType] = [
        FunctionType("var", "input, dim=None, unbiased=True, keepdim=False, *, correction=None", spec: .moment) {
            call in
            .tensor(
                try call.tensor(0).variance(
                    dims: call.optionalInts(1),
                    correction: call.correction,
                    keepDim: call.bool(3)
                )
            )
        },
        FunctionType("std", "input, dim=None, unbiased=True, keepdim=False, *, correction=None", spec: .moment) {
            call in
            .tensor(
                try call.tensor(0).deviation(
                    dims: call.optionalInts(1),
                    correction: call.correction,
                    keepDim: call.bool(3)
                )
            )
        },
    ]

    private static let truths: [FunctionType] = [
        FunctionType("any", "input, dim=None, keepdim=False", spec: .truth) { call in
            .tensor(try call.tensor(0).any(dims: call.optionalInts(1), keepDim: call.bool(2)))
        },
        FunctionType("all", "input, dim=None, keepdim=False", spec: .truth) { call in
            .tensor(try call.tensor(0).all(dims: call.optionalInts(1), keepDim: call.bool(2)))
        },
        FunctionType("count_nonzero", "input, dim=None", spec: .counted) { call in
            .tensor(try call.tensor(0).countNonzero(dims: call.optionalInts(1)))
        },
    ]

    private static func extremes(_ extreme: Extreme) -> [FunctionType] {
        let name = extreme.rawValue
        return [
            FunctionType("a" + name, "input, dim=(), keepdim=False", spec: .reducedIfNamed) { call in
                .tensor(try call.tensor(0).extreme(extreme, dims: call.ints(1), keepDim: call.bool(2)))
            },
            FunctionType(
                "arg" + name,
                "input, dim=None, keepdim=False",
                spec: .reduced(dim: 1, keepDim: 2, dtype: .int64)
            ) {
                call in
                .tensor(try call.tensor(0).placeOfExtreme(extreme, dim: call.optionalInt(1), keepDim: call.bool(2)))
            },
            FunctionType(name, "input, dim=None, keepdim=False", spec: .extreme) { call in
                if case .tensor(let other) = call.values[1] {
                    return .tensor(
                        try extreme == .max ? .maximum(call.tensor(0), other) : .minimum(call.tensor(0), other)
                    )
                }
                guard let dim = try call.optionalInt(1) else {
                    return .tensor(try call.tensor(0).extremeOfAll(extreme))
                }
                let found = try call.tensor(0).extreme(extreme, dim: dim, keepDim: call.bool(2))
                return .tensors([found.values, found.indices])
            },
        ]
    }
}

extension FunctionCall {
    /// What a variance's divisor is less than the count.
    fileprivate var correction: Double {
        get throws(ModuleError) {
            if let correction = try optionalDouble(4) { return correction }
            guard !values[2].isNone else { return 1 }
            return try bool(2) ? 1 : 0
        }
    }
}

extension SpecRule {
    /// Fewer axes, with the dtype that the argument at `dtype` names; that of integers is not told.
    fileprivate static func total(dtype: Int) -> SpecRule {
        SpecRule(
            rule: { call in
                let named = call.ints(1)?.isEmpty ?? false
                guard !named, case .tensor(var spec) = reduced(dim: 1, keepDim: 2).rule(call) else { return .unknown }
                spec.dtype = call.dtype(dtype) ?? (spec.dtype?.isFloatingPoint ?? false ? spec.dtype : nil)
                return .tensor(spec)
            },
            workPerElement: reduced(dim: 1, keepDim: 2).workPerElement
        )
    }

    /// Fewer axes; those of no axis are not told.
    fileprivate static let norm = SpecRule { call in
        guard call.ints(2)?.isEmpty != true, case .tensor(var spec) = reduced(dim: 2, keepDim: 3).rule(call) else {
            return .unknown
        }
        spec.dtype = call.dtype(4) ?? (spec.dtype?.isFloatingPoint ?? false ? spec.dtype : nil)
        return .tensor(spec)
    }

    /// Fewer axes of answers; those of bytes are bytes.
    fileprivate static let truth = SpecRule { call in
        guard call.ints(1)?.isEmpty != true, case .tensor(var spec) = reduced(dim: 1, keepDim: 2).rule(call) else {
            return .unknown
        }
        spec.dtype = spec.dtype.flatMap { $0 == .uint8 ? nil : .bool }
        return .tensor(spec)
    }

    fileprivate static let counted = SpecRule { call in
        guard call.isConstant(1), call.ints(1)?.isEmpty != true else { return .unknown }
        return .tensor(call.tensor(0).reduced(over: call.ints(1), keepDim: false, dtype: .int64))
    }

    /// Fewer axes; what becomes of integers is not told.
    fileprivate static let floats = SpecRule { call in
        guard case .tensor(var spec) = reduced(dim: 1, keepDim: 2).rule(call) else { return .unknown }
        if !(spec.dtype?.isFloatingPoint ?? false) { spec.dtype = nil }
        return .tensor(spec)
    }

    /// As the first argument, along the axis that the second names.
    fileprivate static func scan(dtype: Int) -> SpecRule {
        SpecRule { call in
            guard case .tensor(var spec) = along(1).rule(call) else { return .unknown }
            spec.dtype = call.dtype(dtype) ?? (spec.dtype?.isFloatingPoint ?? false ? spec.dtype : nil)
            return .tensor(spec)
        }
    }

    /// Fewer axes, but for an empty list, which names them all.
    fileprivate static let reducedIfNamed = SpecRule { call in
        call.ints(1)?.isEmpty ?? true ? .unknown : reduced(dim: 1, keepDim: 2).rule(call)
    }

    fileprivate static let moment = SpecRule { call in
        call.ints(1)?.isEmpty ?? false ? .unknown : reduced(dim: 1, keepDim: 3).rule(call)
    }

    /// Two tensors where an axis is named.
    fileprivate static let extreme = SpecRule { call in
        if call.values[1].tensor != nil { return pair().rule(call) }
        guard call.int(1) != nil else { return .unknown }
        return .tuple([
            reduced(dim: 1, keepDim: 2).rule(call), reduced(dim: 1, keepDim: 2, dtype: .int64).rule(call),
        ])
    }
}
