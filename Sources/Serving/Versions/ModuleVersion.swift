import Models
import NN
package import OrderedCollections
import Synchronization
package import Tensors

/// One version of a registered module, frozen: everything that a call or a reader sees comes from here.
package final class ModuleVersion: Sendable {
    /// The name in the registry.
    package let name: String
    /// Grows with every change, and is never used again for the name.
    package let version: Int
    /// The count of changes of the registry with the one that made this version.
    package let revision: Int
    let plan: ModulePlan
    let frozen: FrozenModule
    /// The registered modules that stand in this one, as they were published with it.
    let references: [String: ModuleVersion]
    /// The hooks on the module and its own children, in the order of their ids.
    let installedHooks: [HookRecord]
    /// What calls of this version have done.
    let callStatistics: CallStatistics
    /// The calls under way of all versions.
    let activity: CallActivity
    let size: TreeSize
    /// The storages of the module's own tensors, without those of modules that it refers to.
    let storages: TreeStorages
    /// The bytes that the module's own objects take beside them, and the paths of all that stands in it.
    let objectByteCount: Int
    let profile: CallProfile
    let cost: CallCost
    /// The context of calls that nobody watches and that draw nothing.
    let plainContext: CallContext
    private let knownPaths = Mutex<[ObjectIdentifier: String]?>(nil)
    private let knownSignature = Mutex<ModelSignature?>(nil)

    init(
        name: String,
        version: Int,
        revision: Int,
        plan: ModulePlan,
        frozen: FrozenModule,
        references: [String: ModuleVersion],
        installedHooks: [HookRecord],
        activity: CallActivity,
        callStatistics: CallStatistics = CallStatistics()
    ) {
        self.name = name
        self.version = version
        self.revision = revision
        self.plan = plan
        self.frozen = frozen
        self.references = references
        self.installedHooks = installedHooks
        self.activity = activity
        self.callStatistics = callStatistics
        plainContext = CallContext(
            globalHooks: HookSnapshot(),
            isFrozen: true,
            compatibility: plan.compatibility,
            warned: { _ in }
        )
        storages = TreeStorages(of: frozen.module, without: references.values.map(\.root))
        cost = CallCost(of: frozen)
        size = TreeSize(of: plan.root, references: references.mapValues(\.size))
        objectByteCount = plan.root.objectByteCount + size.pathByteCount
        profile = CallProfile(
            plan: plan,
            frozen: frozen,
            references: references.mapValues(\.profile),
            hasHooks: !installedHooks.isEmpty
        )
    }

    /// Creates the version after `base` of a module whose tree is a copy of the base's: what only the plan tells is as it
    /// was, but for ties that the change has cut.
    init(
        after base: ModuleVersion,
        version: Int,
        revision: Int,
        copy: PartialCopy,
        references: [String: ModuleVersion],
        installedHooks: [HookRecord]
    ) {
        (name, activity, plainContext) = (base.name, base.activity, base.plainContext)
        plan = base.plan.following(copy.root)
        (size, objectByteCount) = (base.size, base.objectByteCount)
        self.version = version
        self.revision = revision
        self.references = references
        self.installedHooks = installedHooks
        frozen = FrozenModule(copy.root)
        callStatistics = CallStatistics()
        storages = base.storages.replacing(copy.copies)
        cost = CallCost(of: frozen, like: base.cost)
        profile = CallProfile(
            of: frozen,
            like: base.profile,
            references: references.mapValues(\.profile),
            hasHooks: !installedHooks.isEmpty
        )
    }

    /// The module itself; nobody changes it.
    var root: Module { frozen.module }

    /// PyTorch's class name of the root.
    package var typeName: String { plan.root.type.name }
    /// PyTorch's text for the tree.
    ///
    /// O(number of modules).
    package var repr: String { root.text(compatibility) }
    /// The PyTorch whose rules calls follow.
    package var compatibility: Compatibility { plan.compatibility }
    /// Whether the module's own tree trains.
    package var isTraining: Bool { plan.isTraining }
    /// The input's name for the Open Inference Protocol.
    package var inputName: String { plan.inputName }
    /// The output's name for the Open Inference Protocol.
    package var outputName: String { plan.outputName }
    /// How many tensors a call takes.
    package var inputCount: Int { plan.root.type.inputCount }

    /// What the metadata says of calls; made when it is first asked for, as most versions are never asked.
    var signature: ModelSignature {
        knownSignature.withLock { known in
            if let known { return known }
            let made = makeSignature()
            known = made
            return made
        }
    }

    /// Every parameter and persistent buffer by its key, in PyTorch's order; shared ones stand under every key.
    package var stateDict: OrderedDictionary<String, Tensor> { root.stateDict() }

    /// Names of parameters that are one with an earlier one, and the first name of that.
    package var ties: OrderedDictionary<String, String> { plan.ties }

    /// The bytes of all parameters and buffers of the tree, shared ones once.
    package var byteCount: Int {
        TreeStorages(of: root, without: []).byteCount
    }

    /// What calls of this version have done so far.
    package var statistics: CallStatistics.Snapshot {
        hasBatchAxis ? callStatistics.snapshot : callStatistics.snapshot.withoutBatches
    }

    /// Counts the time that decoding the input and encoding the output of calls took.
    package func recordCodec(input: Duration, output: Duration, batchSize: Int) {
        callStatistics.recordCodec(input: input, output: output, batchSize: batchSize)
    }

    /// Returns the first path of `module` in the tree; `nil` if it does not stand there.
    func path(of module: Module) -> String? {
        knownPaths.withLock { known in
            let pairs = { self.root.namedModules().map { (ObjectIdentifier($0.module), $0.name) } }
            let paths = known ?? Dictionary(pairs()) { first, _ in first }
            known = paths
            return paths[ObjectIdentifier(module)]
        }
    }
}

/// How large a tree is with its references written out, in numbers that cannot overflow.
struct TreeSize: Sendable {
    private(set) var modules = 1
    private(set) var depth = 1
    /// The bytes of the paths of all modules together: long keys far up make many long paths.
    private(set) var pathByteCount = 0
    /// Whether a module of its own stands at several places.
    private(set) var hasSharedModules = false

    private init() {}

    init(of layer: CheckedLayer, references: [String: TreeSize]) {
        for child in layer.children {
            let size =
                switch child.node {
                case .ref(let name): references[name] ?? TreeSize()
                case .layer(let layer), .shared(_, let layer): TreeSize(of: layer, references: references)
                }
            switch child.node {
            case .ref: break
            case .layer: hasSharedModules = hasSharedModules || size.hasSharedModules
            case .shared: hasSharedModules = true
            }
            modules = saturatingSum(modules, size.modules)
            depth = max(depth, 1 + size.depth)
            let paths = saturatingProduct(size.modules, child.key.utf8.count + 1)
            pathByteCount = saturatingSum(pathByteCount, saturatingSum(size.pathByteCount, paths))
        }
    }
}

extension VersionID {
    init(_ moduleVersion: ModuleVersion) {
        self.init(moduleVersion.name, moduleVersion.version)
    }
}
