import NN
import Tensors

extension LayerType {
    private static let inplace = LayerArgument("inplace", .flag, .bool(false))

    /// Units beyond the common activations.
    static let units: [LayerType] = [
        LayerType(
            name: "CELU",
            arguments: [LayerArgument("alpha", .number, .double(1)), inplace],
            make: { given, _, _ in CELU(alpha: given.number("alpha"), inplace: given.flag("inplace")) }
        ),
        inplaceUnit(SELU.self), inplaceUnit(Mish.self), inplaceUnit(Hardsigmoid.self), inplaceUnit(Hardswish.self),
        LayerType(name: "LogSigmoid", make: { _, _, _ in LogSigmoid() }),
        LayerType(name: "Softsign", make: { _, _, _ in Softsign() }),
        LayerType(name: "Tanhshrink", make: { _, _, _ in Tanhshrink() }),
        LayerType(
            name: "Hardshrink",
            arguments: [LayerArgument("lambd", .number, .double(0.5))],
            make: { given, _, _ in Hardshrink(lambd: given.number("lambd")) }
        ),
        LayerType(
            name: "Softshrink",
            arguments: [LayerArgument("lambd", .number, .double(0.5))],
            make: { given, _, _ in Softshrink(lambd: given.number("lambd")) }
        ),
        LayerType(
            name: "Threshold",
            arguments: [LayerArgument("threshold", .number), LayerArgument("value", .number), inplace],
            make: { given, _, _ in
                Threshold(
                    threshold: given.number("threshold"),
                    value: given.number("value"),
                    inplace: given.flag("inplace")
                )
            }
        ),
        LayerType(
            name: "RReLU",
            arguments: [
                LayerArgument("lower", .number, .double(0.125)), LayerArgument("upper", .number, .double(1.0 / 3)),
                inplace,
            ],
            rows: { _ in .unlessTraining(.apart) },
            make: { given, _, _ in
                RReLU(lower: given.number("lower"), upper: given.number("upper"), inplace: given.flag("inplace"))
            }
        ),
        along("GLU", LayerArgument("dim", .int, .int(-1)), Features(output: .unknown)) { GLU(dim: $0 ?? -1) },
        along("Softmin", LayerArgument("dim", .optionalInt, .null), Features()) { Softmin(dim: $0) },
        LayerType(name: "Softmax2d", rows: { _ in .images(axes: 2) }, make: { _, _, _ in Softmax2d() }),
    ]

    private static func inplaceUnit(_ kind: InplaceUnit.Type) -> LayerType {
        LayerType(
            name: "\(kind)",
            arguments: [inplace],
            make: { given, _, _ in kind.init(inplace: given.flag("inplace")) }
        )
    }

    private static func along(
        _ name: String,
        _ dim: LayerArgument,
        _ features: Features,
        _ make: @escaping @Sendable (Int?) -> Module
    ) -> LayerType {
        LayerType(
            name: name,
            arguments: [dim],
            rows: { given in
                guard let dimension = given.optionalInt("dim") else { return .together }
                return dimension >= 1 || dimension == -1 ? .batchFirst : .together
            },
            features: { _ in features },
            make: { given, _, _ in make(given.optionalInt("dim")) }
        )
    }

    /// The rectifier with learned slopes.
    static let learnedRectifier = LayerType(
        name: "PReLU",
        arguments: [LayerArgument("num_parameters", .int, .int(1)), LayerArgument("init", .number, .double(0.25))],
        takesDType: true,
        tensors: { [TensorPlan(name: "weight", sizes: [$0.int("num_parameters")])] },
        // With several slopes, the second axis is the channels: one row of two axes is something else than a row of one.
        rows: { $0.int("num_parameters") == 1 ? .apart : .batchFirst },
        make: { given, dtype, _ in
            try PReLU(numParameters: given.int("num_parameters"), initial: given.number("init"), dtype: dtype)
        }
    )
}
