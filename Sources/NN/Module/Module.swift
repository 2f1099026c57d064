import OrderedCollections
public import Tensors

/// A layer, or a network of layers: PyTorch's `nn.Module`.
///
/// A subclass writes `forward`; everyone calls `module(input)`, which runs the whole call path and cannot be overridden.
/// A module is a mutable object like PyTorch's and no `Sendable`: it is built and trained in one place, and a server
/// that shares it publishes a copy that nobody changes.
open class Module {
    /// Whether layers like dropout behave as in training.
    ///
    /// New modules do; see `train(_:)` and `eval()`.
    public internal(set) final var isTraining = true

    final var parameterSlots: OrderedDictionary<String, Slot<Parameter>> = [:]
    final var bufferSlots: OrderedDictionary<String, Slot<Tensor>> = [:]
    final var childSlots = ChildTable()
    final var transientBuffers: Set<String> = []
    final let ownHooks: HookTables
    /// What keeps the handles' way to `ownHooks` open.
    final let ownHookAnchor: HookAnchor
    final let place = TreePlace()

    /// Creates a module without parameters, buffers and children.
    public init() {
        ownHooks = HookTables()
        ownHookAnchor = HookAnchor(ownHooks)
    }

    /// Returns the output for `input`, without hooks.
    ///
    /// A module of one input writes this.
    open func forward(_ input: Tensor) throws -> Tensor {
        throw ModuleError.missingForward(type: typeName)
    }

    /// Returns the output for `arguments`, without hooks.
    ///
    /// A module of several inputs, or of an output that is more than a tensor, writes this.
    open func forward(_ arguments: Arguments) throws -> Value {
        if case .one(let input) = arguments.storage { return .tensor(try forward(input)) }
        let inputs = try arguments.bound(to: forwardInput, in: self)
        return .tensor(try forward(inputs[0]))
    }

    /// The class name in texts, PyTorch's for PyTorch's modules.
    open var typeName: String { "\(type(of: self))" }

    /// The class whose `forward` a call runs, as Python's errors name it: PyTorch shares some among several classes.
    open var forwardOwner: String { typeName }

    /// What `forward` of a module of one input calls it.
    var forwardInput: String { "input" }

    /// The constructor's arguments as they stand in the description, such as `in_features=4, out_features=3, bias=True`.
    open var extraRepr: String { "" }

    /// The same as PyTorch 1.0.1 shows it.
    var oldExtraRepr: String { extraRepr }

    /// The children as they stand in the text of the given PyTorch: name and text.
    func childTexts(_ compatibility: Compatibility) -> [(name: String, text: String)] {
        childTable.map { ($0.name, $0.value?.text(compatibility) ?? "None") }
    }

    /// Whether it stands for a module that is put in its place before anyone calls it.
    open var isStandIn: Bool { false }

    /// Removes the hook `id` from the nodes of the module's graph, if it has one, and returns whether it was there.
    func removeNodeHook(_ id: Int) -> Bool { false }

    /// Returns how many steps one call of this module takes, itself included, given those of a child.
    func stepCount(_ count: (Module) -> Int) -> Int {
        childSlots.values.lazy.compactMap(\.value).reduce(1) { sum, child in
            let (next, overflow) = sum.addingReportingOverflow(count(child))
            return overflow ? .max : next
        }
    }

    /// The names in Python that are attributes of this module and so can name no parameter, buffer or child.
    open var attributeNames: Set<String> { [] }

    /// The buffers that a state dictionary may lack, since PyTorch added them after others had written theirs.
    var laterBuffers: Set<String> { [] }

    /// What this module takes, such as `float32[*, 4]`, for errors inside a tree; `nil` when it takes anything.
    open var expectedInput: String? { nil }

    /// The parameters of `forward`, of a module that names its inputs.
    open var forwardParameters: [CallParameter]? { nil }

    /// The parameters by which a graph binds what it gives by name: those of `forward`, also of a module that takes its inputs
    /// by position everywhere else.
    var boundParameters: [CallParameter]? { forwardParameters }

    /// What a call takes, as far as the module knows: the sizes of a batch and its type; `nil` when it takes anything.
    open var inputSpecs: [TensorSpec]? { nil }

    /// Returns what is known of the output before a call, given what is known of its positional inputs.
    ///
    /// What cannot be shown is taken not to hold: by default nothing is known, and calls are never joined.
    open func outputSpec(for inputs: [ValueSpec]) -> ValueSpec { .unknown }

    /// The parameters of which calls keep a second copy, packed for the kernels.
    open var packedParameters: [String] { [] }

    /// Whether it can do to its output, in the same go, what those behind it in a chain do to each number of a channel.
    var takesSteps: Bool { false }

    /// Returns what `next` makes of the output of `forward`, with the same bits; `nil` where each must be done by itself.
    ///
    /// Only `callAhead` may ask for it.
    func forward(_ input: Tensor, through next: ChannelSteps) throws -> Tensor? { nil }

    /// What `forward` does to an input of so many axes, if that is one step for each number of a channel.
    func channelStep(rank: Int) -> ChannelStep? { nil }

    /// The multiply-adds that each element of the output takes, about, beside being written.
    open var workPerElement: Int { 1 }

    /// Returns about how many multiply-adds a call takes with a batch of `rows`; `nil` when it cannot be told.
    open func work(for inputs: [ValueSpec], rows: Int) -> Int? {
        outputSpec(for: inputs).work(rows: rows, perElement: workPerElement)
    }

    /// Returns the output and the work together, which a graph finds in one walk.
    func outputAndWork(for inputs: [ValueSpec], rows: Int) -> (output: ValueSpec, work: Int?) {
        (outputSpec(for: inputs), work(for: inputs, rows: rows))
    }

    /// Returns a module made with the same arguments, whose parameters are yet to be set; it draws nothing.
    ///
    /// `copied()` fills it. A subclass that is to be copied overrides this.
    open func emptyCopy() throws -> Module {
        throw ModuleError.cannotCopy(type: typeName)
    }
}
