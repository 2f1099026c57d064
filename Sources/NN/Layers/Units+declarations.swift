extension ModuleType {
    /// Units beyond the common activations.
    static let units: [ModuleType] = [
        ModuleType(
            "CELU",
            parameters: [ModuleParameter("alpha", .number, 1.0), .inplace],
            make: { given, _, _ in CELU(alpha: given.number("alpha"), inplace: given.flag("inplace")) }
        ),
        inplaceUnit(SELU.self), inplaceUnit(Mish.self), inplaceUnit(Hardsigmoid.self), inplaceUnit(Hardswish.self),
        ModuleType("LogSigmoid", make: { _, _, _ in LogSigmoid() }),
        ModuleType("Softsign", make: { _, _, _ in Softsign() }),
        ModuleType("Tanhshrink", make: { _, _, _ in Tanhshrink() }),
        ModuleType(
            "Hardshrink",
            parameters: [ModuleParameter("lambd", .number, 0.5)],
            make: { given, _, _ in Hardshrink(lambd: given.number("lambd")) }
        ),
        ModuleType(
            "Softshrink",
            parameters: [ModuleParameter("lambd", .number, 0.5)],
            make: { given, _, _ in Softshrink(lambd: given.number("lambd")) }
        ),
        ModuleType(
            "Threshold",
            parameters: [ModuleParameter("threshold", .number), ModuleParameter("value", .number), .inplace],
            make: { given, _, _ in
                Threshold(
                    threshold: given.number("threshold"),
                    value: given.number("value"),
                    inplace: given.flag("inplace")
                )
            }
        ),
        ModuleType(
            "RReLU",
            parameters: [
                ModuleParameter("lower", .number, 0.125), ModuleParameter("upper", .number, .float(1.0 / 3)), .inplace,
            ],
            make: { given, _, _ in
                RReLU(lower: given.number("lower"), upper: given.number("upper"), inplace: given.flag("inplace"))
            }
        ),
        along("GLU", ModuleParameter("dim", .int, -1)) { GLU(dim: $0 ?? -1) },
        along("Softmin", ModuleParameter("dim", .optionalInt, Value.none)) { Softmin(dim: $0) },
        ModuleType("Softmax2d") { _, _, _ in Softmax2d() },
    ]

    private static func inplaceUnit(_ kind: InplaceUnit.Type) -> ModuleType {
        ModuleType(
            "\(kind)",
            parameters: [.inplace],
            make: { given, _, _ in kind.init(inplace: given.flag("inplace")) }
        )
    }

    private static func along(
        _ name: String,
        _ dim: ModuleParameter,
        _ make: @escaping @Sendable (Int?) -> Module
    ) -> ModuleType {
        ModuleType(
            name,
            parameters: [dim],
            make: { given, _, _ in make(given.optionalInt("dim")) }
        )
    }

    /// The rectifier with learned slopes.
    static let prelu = ModuleType(
        "PReLU",
        parameters: [ModuleParameter("num_parameters", .int, 1), ModuleParameter("init", .number, 0.25)],
        tensors: { [TensorDeclaration("weight", [$0.int("num_parameters")])] },
        make: { given, dtype, _ in
            try PReLU(numParameters: given.int("num_parameters"), initial: given.number("init"), dtype: dtype)
        }
    )
}
