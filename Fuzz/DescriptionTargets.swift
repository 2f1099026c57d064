import JSON
import Models
import NN
import Serving
import Tensors

/// The description of a module, made and called: no more memory and work than is allowed, whatever it describes.
///
/// What is registered is described again, and that description describes the same.
func fuzzDescription(_ input: [UInt8]) {
    var limits = ServingLimits()
    (limits.maxBytes, limits.maxTreeModules, limits.maxGraphNodes) = (1 << 22, 64, 256)
    guard
        let description = try? DescriptionReader.description(
            in: input,
            maxModules: limits.maxTreeModules,
            maxNodes: limits.maxGraphNodes
        )
    else { return }
    var checker = DescriptionChecker(limits: limits.descriptions, hasStateDict: description.stateDict != nil)
    guard let layer = try? checker.check(root: description.root), let built = try? BuiltTree(description, layer) else {
        return
    }
    let module = built.tree.module
    guard built.references.isEmpty, module.stepCount < 4_096 else { return }
    precondition(checker.byteCount <= limits.maxBytes)
    guard let input = try? Tensor([1, -2, 0.5, 3] as [Float], shape: [1, 4]) else { return }
    let count = module.forwardParameters?.count ?? layer.type.inputCount
    let inputs = [Tensor](repeating: input, count: min(count, 16))
    let spec = module.outputSpec(for: inputs.map { ValueSpec.tensor(TensorSpec(of: $0)) })
    let known: [Int?]? = spec.tensor?.shape?.map(\.number)
    let output = try? CallMeter.limited(liveBytes: 1 << 24, work: 1 << 24) {
        try Tensor.withByteLimit(1 << 24) {
            try CallContext(globalHooks: HookSnapshot(), generator: Generator(seed: 0), isFrozen: true).run {
                try Autograd.withoutGradients { try module(Arguments(inputs)) }
            }
        }
    }
    guard case .tensor(let tensor)? = output, let known, !known.contains(nil) else { return }
    precondition(known.compactMap(\.self) == Array(tensor.shape), "\(known) was foretold of \(tensor.shape)")
}
