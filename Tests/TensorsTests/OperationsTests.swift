import Synchronization
import Tensors
import Testing

/// Watching operations.
struct OperationsTests {
    private final class Log: OperationObserver {
        private let lines = Mutex<[String]>([])
        var entries: [String] { lines.withLock { $0 } }

        func didPerform(_ name: String, shape: Shape, duration: Duration) {
            #expect(duration >= .zero)
            lines.withLock { $0.append("\(name) \(shape.dimensions)") }
        }
    }

    @Test func showsEachOperationOnceUnderItsName() throws {
        let log = Log()
        let x = try Tensor.ones([2, 4])
        let weight = try Tensor.ones([3, 4])
        try Operations.observed(by: log) {
            let hidden = try x.linear(weight: weight, bias: .ones([3])).relu().layerNorm(normalizedShape: [3])
            _ = try hidden.softmax(dim: 1).mseLoss(.zeros([2, 3]))
            _ = try x.rows(0..<1).flattened().linear(weight: weight)
        }
        let expected = ["addmm [2, 3]", "relu [2, 3]", "layer_norm [2, 3]", "softmax [2, 3]", "mse_loss []"]
        #expect(log.entries == expected + ["view [4]", "mm [1, 3]", "squeeze [3]"])
    }

    @Test func showsNothingOutsideTheScope() throws {
        let log = Log()
        Operations.observed(by: log) {}
        _ = try Tensor.ones([2]).relu()
        #expect(log.entries.isEmpty)
    }

    @Test func givesTheSameNumbersWatched() throws {
        let x = try Tensor.normal([3, 5], generator: Generator(seed: 1))
        let weight = try Tensor.normal([4, 5], generator: Generator(seed: 2))
        let bias = try Tensor.normal([4], generator: Generator(seed: 3))
        let plain = try x.linear(weight: weight, bias: bias)
        let watched = try Operations.observed(by: Log()) { try x.linear(weight: weight, bias: bias) }
        #expect(plain.scalars(as: Float.self) == watched.scalars(as: Float.self))
    }
}
