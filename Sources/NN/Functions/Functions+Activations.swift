import Tensors

extension FunctionType {
    /// The functional forms of activations.
    static let activations: [FunctionType] = plain + shaped + gated

    private static let plain: [FunctionType] = [
        FunctionType(elementwise: "relu", "input, inplace=False", channelStep: .rectified) { try $0.relu() },
        FunctionType(elementwise: "relu6", "input, inplace=False") { try $0.hardtanh(min: 0, max: 6) },
        FunctionType(elementwise: "tanh") { try $0.tanh() },
        FunctionType(elementwise: "sigmoid") { try $0.sigmoid() },
        FunctionType(elementwise: "silu", "input, inplace=False") { try $0.silu() },
        FunctionType(elementwise: "selu", "input, inplace=False") { try $0.selu() },
        FunctionType(elementwise: "mish", "input, inplace=False") { try $0.mish() },
        FunctionType(elementwise: "logsigmoid") { try $0.logSigmoid() },
        FunctionType(elementwise: "hardsigmoid", "input, inplace=False") { try $0.hardsigmoid() },
        FunctionType(elementwise: "hardswish", "input, inplace=False") { try $0.hardswish() },
        FunctionType(elementwise: "tanhshrink") { try $0.tanhshrink() },
        FunctionType(elementwise: "softsign") { try $0.softsign() },
    ]

    private static let shaped: [FunctionType] = [
        FunctionType("gelu", "input, *, approximate='none'", spec: .activation) { call in
            let name = try call.string(1)
            guard let formula = GELUApproximation(rawValue: name) else {
                throw TensorError.function(.geluFormula(name))
            }
            return .tensor(try call.tensor(0).gelu(approximate: formula))
        },
        FunctionType("leaky_relu", "input, negative_slope=0.01, inplace=False", spec: .activation) { call in
            .tensor(try call.tensor(0).leakyReLU(negativeSlope: call.double(1)))
        },
        FunctionType("elu", "input, alpha=1.0, inplace=False", spec: .activation) { call in
            .tensor(try call.tensor(0).elu(alpha: call.double(1)))
        },
        FunctionType("celu", "input, alpha=1.0, inplace=False", spec: .activation) { call in
            .tensor(try call.tensor(0).celu(alpha: call.double(1)))
        },
        FunctionType("softplus", "input, beta=1.0, threshold=20.0", spec: .activation) { call in
            .tensor(try call.tensor(0).softplus(beta: call.double(1), threshold: call.double(2)))
        },
        FunctionType("hardtanh", "input, min_val=-1.0, max_val=1.0, inplace=False", spec: .activation) { call in
            .tensor(try call.tensor(0).hardtanh(min: call.double(1), max: call.double(2)))
        },
        FunctionType("hardshrink", "input, lambd=0.5", spec: .activation) { call in
            .tensor(try call.tensor(0).hardshrink(threshold: call.double(1)))
        },
        FunctionType("softshrink", "input, lambd=0.5", spec: .activation) { call in
            .tensor(try call.tensor(0).softshrink(threshold: call.double(1)))
        },
        FunctionType("threshold", "input, threshold, value, inplace=False", spec: .activation) { call in
            .tensor(try call.tensor(0).threshold(call.double(1), value: call.double(2)))
        },
    ]

    private static let gated: [FunctionType] = [
        FunctionType("glu", "input, dim=-1", spec: .glu) { call in .tensor(try call.tensor(0).glu(dim: call.int(1))) },
        FunctionType("prelu", "input, weight", spec: .prelu) { call in
            .tensor(try call.tensor(0).prelu(weight: call.tensor(1)))
        },
    ]
}

extension SpecRule {
    /// Each element for itself, by slopes that are the same in every call.
    fileprivate static let prelu = of { spec, call in
        call.tensor(1).rows == .none && spec.batchAxis != 1 ? spec : spec.with(rows: .mixed)
    }

    /// Half of an axis.
    fileprivate static let glu = of { spec, call in
        guard let dim = call.int(1), let size = spec.extent(dim) else { return nil }
        return spec.resized(dim, to: size / .fixed(2))
    }
}
