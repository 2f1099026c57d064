public import OrderedCollections
import Synchronization

extension ModuleType {
    /// PyTorch's classes.
    package static let pyTorch: [ModuleType] = [
        [linear, bilinear, embedding, embeddingBag],
        convolutions, windowPools, adaptivePools, fractionalPools, unpools,
        [relu, relu6, leakyReLU, elu, gelu, silu, sigmoid, tanh, softplus, hardtanh, softmax, logSoftmax],
        units, [prelu], [layerNorm, rmsNorm], batchNorms, instanceNorms, [groupNorm], responseNorms, featureDropouts,
        pads, shuffles, folds, upsamples,
        recurrentNetworks, recurrentCells, [multiheadAttention], transformerLayers, transformerStacks, [transformer],
        pairs, powerPools, [identity, dropout, flatten], [sequential, moduleList, moduleDict],
        parameterContainers,
    ].flatMap(\.self)

    private static let table = Mutex(OrderedDictionary(uniqueKeysWithValues: pyTorch.map { ($0.name, $0) }))

    /// All classes that descriptions can name, by name: PyTorch's, and those that were registered.
    public static var all: OrderedDictionary<String, ModuleType> { table.withLock { $0 } }

    /// Returns the class of that name; `nil` if there is none.
    public static func named(_ name: String) -> ModuleType? { table.withLock { $0[name] } }

    /// The classes that a hook can apply.
    package static var parameterless: [ModuleType] { all.values.filter(\.isParameterless) }

    /// Lets descriptions name `type`, in place of one of that name.
    public static func register(_ type: ModuleType) {
        table.withLock { $0[type.name] = type }
    }
}
