import NN
import Tensors

extension Subject {
    /// A call of the smallest layer worth calling, so that the path to `forward` shows.
    static func call(
        requiringGrad: Bool = true,
        _ body: @escaping (Linear, Tensor) throws -> Tensor
    ) throws -> () throws -> Void {
        let layer = try Linear(inFeatures: 4, outFeatures: 3, generator: Generator(seed: 0)).requireGrad(requiringGrad)
        let input = try Tensor([1, 2, 3, 4] as [Float])
        return { _ = try body(layer, input) }
    }

    /// The same with a hook that does nothing.
    static func hookedCall() throws -> () throws -> Void {
        let layer = try Linear(inFeatures: 4, outFeatures: 3, generator: Generator(seed: 0))
        let input = try Tensor([1, 2, 3, 4] as [Float])
        layer.registerForwardHook { _, _, _ in nil }
        return { _ = try layer(input) }
    }

    /// A call in a process in which another call was traced: what tracing costs when it is over.
    static func callAfterATrace() throws -> () throws -> Void {
        let run = try call { layer, input in try layer(input) }
        try CallContext(tracer: Tracer()).run(run)
        return run
    }

    /// What surrounds the measurement of a subject: inference mode unless gradients or tracing are what it is about.
    static func mode(of subject: String) -> (() throws -> Measurement) throws -> Measurement {
        switch subject {
        case "frozen", "recorded": { try $0() }
        case "unrecorded": { try Autograd.withoutGradients($0) }
        case "traced": { try CallContext(tracer: Tracer()).run($0) }
        default: { try Autograd.withInferenceMode($0) }
        }
    }
}
