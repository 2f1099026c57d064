import NN
import Tensors

extension LayerType {
    private static let inplace = LayerArgument("inplace", .flag, .bool(false))

    /// Layers that pass on, drop or reshape.
    static let shaping: [LayerType] = [
        LayerType(name: "Identity", takesDType: true, make: { _, _, _ in Identity() }),
        LayerType(
            name: "Dropout",
            arguments: [LayerArgument("p", .number, .double(0.5)), inplace],
            rows: { _ in .unlessTraining(.apart) },
            make: { given, _, _ in try Dropout(p: given.number("p"), inplace: given.flag("inplace")) }
        ),
        LayerType(
            name: "Flatten",
            arguments: [LayerArgument("start_dim", .int, .int(1)), LayerArgument("end_dim", .int, .int(-1))],
            changesRank: true,
            rows: { $0.int("start_dim") >= 1 ? .batchFirst : .together },
            features: { _ in Features(output: .unknown) },
            make: { given, _, _ in Flatten(startDim: given.int("start_dim"), endDim: given.int("end_dim")) }
        ),
    ]

    /// Modules that hold others.
    static let containers: [LayerType] = [
        LayerType(name: "Sequential", children: .positionsOrNames, make: { _, _, _ in try Sequential([]) }),
        LayerType(
            name: "ModuleList",
            children: .positions,
            rows: { _ in .together },
            make: { _, _, _ in try ModuleList() }
        ),
        LayerType(
            name: "ModuleDict",
            children: .names,
            rows: { _ in .together },
            make: { _, _, _ in try ModuleDict() }
        ),
    ]
}
