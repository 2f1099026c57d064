import NN
import Tensors

extension LayerType {
    /// Recurrent networks and their cells.
    static let recurrent: [LayerType] = [
        network(RNN.self, more: [LayerArgument("nonlinearity", .text, .string("tanh"))], projects: false),
        network(LSTM.self, more: [], projects: true), network(GRU.self, more: [], projects: false),
        cell(RNNCell.self, more: [LayerArgument("nonlinearity", .text, .string("tanh"))]),
        cell(LSTMCell.self, more: []), cell(GRUCell.self, more: []),
    ]

    private static func network(
        _ kind: RecurrentNetwork.Type,
        more: [LayerArgument],
        projects: Bool
    ) -> LayerType {
        LayerType(
            name: "\(kind)",
            arguments: [
                LayerArgument("input_size", .int), LayerArgument("hidden_size", .int),
                LayerArgument("num_layers", .int, .int(1)),
            ] + more + [
                LayerArgument("bias", .flag, .bool(true)), LayerArgument("batch_first", .flag, .bool(false)),
                LayerArgument("dropout", .number, .double(0)), LayerArgument("bidirectional", .flag, .bool(false)),
            ] + (projects ? [LayerArgument("proj_size", .int, .int(0))] : []),
            takesDType: true,
            tensors: { given in
                // More layers than this have more weights than a tree may have modules.
                let options = options(given)
                // What PyTorch refuses has no weights.
                guard given.int("input_size") > 0, given.int("hidden_size") > 0 else { return [] }
                guard options.numLayers <= 10_000 else {
                    return [TensorPlan(name: "weight_ih_l0", sizes: [.max, .max])]
                }
                return kind.plan(given.int("input_size"), given.int("hidden_size"), options)
                    .map { TensorPlan(name: $0.name, sizes: $0.sizes) }
            },
            rows: { _ in .together },
            features: { given in
                Features(input: given.int("input_size"), output: .unknown)
            },
            make: { given, dtype, generator in
                try kind.init(
                    inputSize: given.int("input_size"),
                    hiddenSize: given.int("hidden_size"),
                    options: options(given),
                    dtype: dtype,
                    generator: generator
                )
            }
        )
    }

    private static func options(_ given: CheckedArguments) -> RecurrentNetwork.Options {
        var options = RecurrentNetwork.Options()
        options.numLayers = given.int("num_layers")
        options.bias = given.flag("bias")
        options.batchFirst = given.flag("batch_first")
        options.dropout = given.number("dropout")
        options.bidirectional = given.flag("bidirectional")
        options.projSize = given.optionalInt("proj_size") ?? 0
        if !given.text("nonlinearity").isEmpty { options.nonlinearity = given.text("nonlinearity") }
        return options
    }

    private static func cell(_ kind: RecurrentUnit.Type, more: [LayerArgument]) -> LayerType {
        LayerType(
            name: "\(kind)",
            arguments: [
                LayerArgument("input_size", .int), LayerArgument("hidden_size", .int),
                LayerArgument("bias", .flag, .bool(true)),
            ] + more,
            takesDType: true,
            tensors: { given in
                kind.plan(given.int("input_size"), given.int("hidden_size"), bias: given.flag("bias"))
                    .map { TensorPlan(name: $0.name, sizes: $0.sizes) }
            },
            rows: { _ in .apart },
            features: { given in
                Features(input: given.int("input_size"), output: .size(given.int("hidden_size")))
            },
            make: { given, dtype, generator in
                let nonlinearity = given.text("nonlinearity")
                return try kind.init(
                    inputSize: given.int("input_size"),
                    hiddenSize: given.int("hidden_size"),
                    bias: given.flag("bias"),
                    nonlinearity: nonlinearity.isEmpty ? "tanh" : nonlinearity,
                    dtype: dtype,
                    generator: generator
                )
            }
        )
    }
}
