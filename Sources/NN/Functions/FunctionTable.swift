extension FunctionType {
    /// All functions by name.
    public static let all: [String: FunctionType] = Dictionary(
        uniqueKeysWithValues: families.flatMap(\.self).map { ($0.name, $0) }
    )

    /// The lists of the families, one for each file of declarations.
    private static let families: [[FunctionType]] = [
        arithmetic, elementary, comparing, activations, reductions, shapes, products, indexing, making, draws, sorting,
        types, distances, layers, images, channels,
    ]
}
