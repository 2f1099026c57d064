package import NN
import OrderedCollections
package import Tensors

/// What the registry knows of one of PyTorch's classes: its arguments, its tensors, and how to make one.
package struct LayerType: Sendable {
    /// How the modules inside a container are named.
    package enum Children: Sendable {
        /// It holds none.
        case none
        /// By their position.
        case positions
        /// By their position or by names of their own.
        case positionsOrNames
        /// By names.
        case names
    }

    /// PyTorch's class name.
    package let name: String
    /// The constructor's arguments in PyTorch's order, without `dtype`.
    package var arguments: [LayerArgument] = []
    /// Whether the constructor takes a `dtype`.
    package var takesDType = false
    /// The modules inside.
    package var children = Children.none
    /// Whether the output can have another number of axes than the input.
    package var changesRank = false
    /// How many tensors a call takes.
    package var inputCount = 1
    /// The parameters and buffers that a layer with these arguments can have.
    package var tensors: @Sendable (CheckedArguments) -> [TensorPlan] = { _ in [] }
    /// How rows of the first axis meet in a call.
    package var rows: @Sendable (CheckedArguments) -> RowRule = { _ in .apart }
    /// The sizes that a call takes and gives.
    package var features: @Sendable (CheckedArguments) -> Features = { _ in Features() }
    /// Makes a layer; containers get their modules afterwards.
    package let make: @Sendable (CheckedArguments, DType, Generator?) throws -> Module
    /// The class's own declaration, which checks the arguments, of a type that is not in the table here.
    var declaration: ModuleType?

    /// The types that never have parameters, which a hook can apply.
    package static let parameterless = activations + units + shaping

    /// All types by name.
    static let all: OrderedDictionary<String, LayerType> = OrderedDictionary(
        uniqueKeysWithValues: [
            linears, convolutions, pools, activations, units, [learnedRectifier], normalizations, channelLayers, images,
            recurrent, attention, pairs, shaping, containers,
        ].joined().map { ($0.name, $0) }
    )
}

/// A parameter or buffer that a layer has or can have.
package struct TensorPlan: Sendable, Equatable {
    package let name: String
    package let sizes: [Int]
    /// Whether the arguments ask for it; a bias that was turned off can be set later.
    package var isPresent = true
    /// The type when it is not the layer's.
    package var dtype: DType?
    /// Whether calls keep a second copy of it, packed for the kernels.
    package var isPacked = false
}

/// Whether each row of a layer's output depends on one row of its input only.
package enum RowRule: Sendable, Equatable {
    /// Each row for itself; an input of one axis is one row.
    case apart
    /// Each row for itself when the input has at least two axes.
    case batchFirst
    /// Each element of the first axis for itself, also when it is the only one.
    case indices
    /// Each image for itself when the input has two axes more than an image has, else it is one image.
    case images(axes: Int)
    /// Rows meet, or it cannot be told.
    case together
    /// As the one inside, except in training.
    indirect case unlessTraining(RowRule)

    /// The rule out of training.
    package var inUse: RowRule {
        if case .unlessTraining(let rule) = self { rule.inUse } else { self }
    }
}

/// The sizes of the last axes that a layer takes and gives.
package struct Features: Sendable, Equatable {
    package enum Output: Sendable, Equatable {
        case sameAsInput
        case size(Int)
        case unknown
    }

    /// The size of the input's last axis; `nil` for any.
    package var input: Int?
    /// The size of the output's last axis.
    package var output = Output.sameAsInput
    /// Whether the input is indices, each of which becomes an axis.
    package var takesIndices = false
}
