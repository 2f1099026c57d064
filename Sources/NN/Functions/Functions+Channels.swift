import Tensors

extension FunctionType {
    /// The functional forms of norms and dropouts that go by channels.
    static let channels: [FunctionType] = norms + dropouts

    private static let norms: [FunctionType] = [
        FunctionType(
            "instance_norm",
            "input, running_mean=None, running_var=None, weight=None, bias=None, use_input_stats=True, momentum=0.1, eps=1e-5",
            spec: .perImage()
        ) { call in
            let input = try call.tensor(0)
            if try call.bool(5), input.shape.dropFirst(2).allSatisfy({ $0 == 1 }) {
                throw ModuleError.layer(.oneSpatialElement(input.shape.dimensions))
            }
            // A call never changes a module: the running statistics stay, whatever the momentum.
            return .tensor(
                try input.instanceNorm(
                    mean: call.optionalTensor(1),
                    variance: call.optionalTensor(2),
                    weight: call.optionalTensor(3),
                    bias: call.optionalTensor(4),
                    usesInput: call.bool(5),
                    epsilon: call.double(7)
                )
            )
        },
        FunctionType("local_response_norm", "input, size, alpha=0.0001, beta=0.75, k=1.0", spec: .perImage().around(1))
        {
            call in
            let layer = LocalResponseNorm(
                size: try call.int(1),
                alpha: .float(try call.double(2)),
                beta: .float(try call.double(3)),
                k: .float(try call.double(4))
            )
            return .tensor(try layer.forward(call.tensor(0)))
        },
    ]

    private static let dropouts: [FunctionType] = [
        dropout("dropout1d", Dropout1d.self, training: true),
        dropout("dropout2d", Dropout2d.self, training: true),
        dropout("dropout3d", Dropout3d.self, training: true),
        dropout("alpha_dropout", AlphaDropout.self, training: false),
        dropout("feature_alpha_dropout", FeatureAlphaDropout.self, training: false),
        FunctionType(
            "rrelu",
            "input, lower=0.125, upper=\(1.0 / 3), training=False, inplace=False",
            isRandom: true
        ) { call in
            .tensor(
                try call.tensor(0).rrelu(
                    lower: call.double(1),
                    upper: call.double(2),
                    training: call.bool(3),
                    generator: call.generator
                )
            )
        },
    ]

    private static func dropout(_ name: String, _ kind: FeatureDropout.Type, training: Bool) -> FunctionType {
        FunctionType(name, "input, p=0.5, training=\(training ? "True" : "False"), inplace=False", isRandom: true) {
            call in
            let layer = try kind.init(p: .float(call.double(1))).train(call.bool(2))
            return .tensor(try layer.forward(call.tensor(0)))
        }
    }
}

extension SpecRule {
    /// Returns the same of a function that looks at as many neighbours of each element as the argument at `index` says.
    fileprivate func around(_ index: Int) -> SpecRule {
        var rule = self
        rule.workPerElement = { call in
            let (work, overflow) = max(1, call.int(index) ?? 1).multipliedReportingOverflow(by: CallMeter.elementCost)
            return overflow ? .max : work
        }
        return rule
    }
}
