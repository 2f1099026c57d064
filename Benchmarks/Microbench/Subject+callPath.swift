import NN
import Tensors

extension Subject {
    /// A call of the smallest layer worth calling, so that the path to `forward` shows.
    static func call(
        _ body: @escaping (Linear, Tensor) throws -> Tensor
    ) throws -> () throws -> Void {
        let layer = try Linear(inFeatures: 4, outFeatures: 3, generator: Generator(seed: 0))
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
}
