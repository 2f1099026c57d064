public import Tensors

/// One of PyTorch's module classes, or one of your own, as descriptions name it: what its constructor takes, which tensors a
/// module has, and how to make one.
///
/// It stands beside the class:
///
///     extension ModuleType {
///         static let scale = ModuleType(
///             "Scale",
///             parameters: [ModuleParameter("features", .int), ModuleParameter("bias", .flag, true)],
///             tensors: { [TensorDeclaration("weight", [$0.int("features")])] },
///             make: { given, dtype, generator in try Scale(features: given.int("features"), dtype: dtype) }
///         )
///     }
///
/// What a module does to shapes and to the rows of a batch is a method of the class: `outputSpec(for:)`.
public struct ModuleType: Sendable {
    /// How the modules inside a container are named.
    public enum Children: Sendable {
        /// It holds none.
        case none
        /// By their position.
        case positions
        /// By their position or by names of their own.
        case positionsOrNames
        /// By names.
        case names
    }

    /// The class name.
    public let name: String
    /// What the constructor takes, in PyTorch's order, without `dtype`.
    public let parameters: [ModuleParameter]
    /// Whether the constructor takes a `dtype`.
    public let takesDType: Bool
    /// Whether a module can have tensors of its own.
    let hasTensors: Bool
    /// The modules inside.
    public let children: Children
    /// The child of which it holds copies: its name in a description, the list that they stand in, and the argument that says
    /// how many.
    public let copies: (child: String, into: String, count: String)?
    /// Whether a call hands one tensor from module to module, so that none inside may take more.
    public let chainsChildren: Bool
    /// How many tensors a call takes.
    public let inputCount: Int
    /// The parameters and buffers that a module made with these arguments can have.
    public let tensors: @Sendable (ModuleArguments) -> [TensorDeclaration]
    /// Makes a module; containers get their modules afterwards.
    public let make: @Sendable (ModuleArguments, DType, Generator?) throws -> Module

    /// Declares a class; one with tensors takes a `dtype` unless that is said otherwise.
    public init(
        _ name: String,
        parameters: [ModuleParameter] = [],
        takesDType: Bool? = nil,
        children: Children = .none,
        chainsChildren: Bool = false,
        copies: (child: String, into: String, count: String)? = nil,
        inputCount: Int = 1,
        tensors: (@Sendable (ModuleArguments) -> [TensorDeclaration])? = nil,
        make: @escaping @Sendable (ModuleArguments, DType, Generator?) throws -> Module
    ) {
        self.name = name
        self.parameters = parameters
        self.takesDType = takesDType ?? (tensors != nil)
        self.hasTensors = tensors != nil
        self.children = children
        self.chainsChildren = chainsChildren
        self.copies = copies
        self.inputCount = inputCount
        self.tensors = tensors ?? { _ in [] }
        self.make = make
    }

    /// Whether modules of the class never have tensors and hold no others, so that a hook can apply one.
    public var isParameterless: Bool { !hasTensors && children == .none && inputCount == 1 }
}

/// A parameter or buffer that a module has or can have.
public struct TensorDeclaration: Sendable, Equatable {
    /// The name.
    public let name: String
    /// The sizes of the axes.
    public let sizes: [Int]
    /// Whether the arguments ask for it; a bias that was turned off can be set later.
    public let isPresent: Bool
    /// The type when it is not the module's.
    public let dtype: DType?
    /// Whether calls keep a second copy of it, packed for the kernels.
    public let isPacked: Bool

    /// Declares a tensor.
    public init(
        _ name: String,
        _ sizes: [Int],
        isPresent: Bool = true,
        dtype: DType? = nil,
        isPacked: Bool = false
    ) {
        self.name = name
        self.sizes = sizes
        self.isPresent = isPresent
        self.dtype = dtype
        self.isPacked = isPacked
    }

    /// The same tensor of a module under `name`.
    func inside(_ name: String) -> TensorDeclaration {
        TensorDeclaration("\(name).\(self.name)", sizes, isPresent: isPresent, dtype: dtype, isPacked: isPacked)
    }
}
