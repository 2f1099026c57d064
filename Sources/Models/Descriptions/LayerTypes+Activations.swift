import NN
import Tensors

extension LayerType {
    private static let inplace = LayerArgument("inplace", .flag, .bool(false))

    /// Layers that work on each element, or on each last axis, by itself.
    static let activations: [LayerType] = [
        LayerType(name: "ReLU", arguments: [inplace], make: { given, _, _ in ReLU(inplace: given.flag("inplace")) }),
        LayerType(
            name: "ReLU6",
            arguments: [inplace],
            make: { given, _, _ in try ReLU6(inplace: given.flag("inplace")) }
        ),
        LayerType(
            name: "LeakyReLU",
            arguments: [LayerArgument("negative_slope", .number, .double(0.01)), inplace],
            make: { given, _, _ in
                LeakyReLU(negativeSlope: given.number("negative_slope"), inplace: given.flag("inplace"))
            }
        ),
        LayerType(
            name: "ELU",
            arguments: [LayerArgument("alpha", .number, .double(1)), inplace],
            make: { given, _, _ in ELU(alpha: given.number("alpha"), inplace: given.flag("inplace")) }
        ),
        LayerType(
            name: "GELU",
            arguments: [LayerArgument("approximate", .text, .string("none"))],
            make: { given, _, _ in
                let name = given.text("approximate")
                guard let approximation = GELUApproximation(rawValue: name) else {
                    let text = "approximate argument must be either none or tanh."
                    throw DescriptionProblem(.refused(text), at: ["approximate"])
                }
                return GELU(approximate: approximation)
            }
        ),
        LayerType(name: "SiLU", arguments: [inplace], make: { given, _, _ in SiLU(inplace: given.flag("inplace")) }),
        LayerType(name: "Sigmoid", make: { _, _, _ in Sigmoid() }),
        LayerType(name: "Tanh", make: { _, _, _ in Tanh() }),
        LayerType(
            name: "Softplus",
            arguments: [
                LayerArgument("beta", .number, .double(1)), LayerArgument("threshold", .number, .double(20)),
            ],
            make: { given, _, _ in Softplus(beta: given.number("beta"), threshold: given.number("threshold")) }
        ),
        LayerType(
            name: "Hardtanh",
            arguments: [
                LayerArgument("min_val", .number, .double(-1)), LayerArgument("max_val", .number, .double(1)), inplace,
            ],
            make: { given, _, _ in
                try Hardtanh(
                    minVal: given.number("min_val"),
                    maxVal: given.number("max_val"),
                    inplace: given.flag("inplace")
                )
            }
        ),
        softmax("Softmax") { Softmax(dim: $0) },
        softmax("LogSoftmax") { LogSoftmax(dim: $0) },
    ]

    private static func softmax(_ name: String, _ make: @escaping @Sendable (Int?) -> Module) -> LayerType {
        LayerType(
            name: name,
            arguments: [LayerArgument("dim", .optionalInt, .null)],
            rows: { given in
                guard let dimension = given.optionalInt("dim") else { return .together }
                return dimension >= 1 || dimension == -1 ? .batchFirst : .together
            },
            make: { given, _, _ in make(given.optionalInt("dim")) }
        )
    }
}
