import Models
import NN
import OrderedCollections
import Tensors
import Testing

@testable import Serving

/// Which inputs of layers over images are batches.
struct ImageBatchTests {
    private static let convolution = NodeDescription.layer(
        "Conv2d",
        ["in_channels": .int(1), "out_channels": .int(1), "kernel_size": .int(1)]
    )

    static let networks: [(node: NodeDescription, sizes: [Int], joins: Bool)] = [
        (convolution, [2, 1, 3, 3], true), (convolution, [1, 3, 3], false), (convolution, [2, 2, 3, 3], false),
        (.layer("MaxPool1d", ["kernel_size": .int(2)]), [2, 3, 4], true),
        (.sequential(.layer("ReLU"), convolution, .layer("Flatten")), [2, 1, 3, 3], true),
        (
            .sequential(.linear(3, 3), convolution, .layer("AdaptiveAvgPool2d", ["output_size": .int(1)])),
            [2, 1, 4, 3], true
        ),
        // What reaches the second may be one image or a batch.
        (.sequential(.layer("Flatten"), convolution), [2, 1, 3, 3], false),
        (.sequential(convolution, .layer("MaxPool1d", ["kernel_size": .int(2)])), [2, 1, 3, 3], false),
        (.linear(3, 3), [2, 3], true), (.linear(3, 3), [2, 4], false),
    ]

    @Test(arguments: networks.indices) func tellsABatchByItsAxes(index: Int) async throws {
        let network = Self.networks[index]
        let profile = try await Registry().add("m", network.node).profile
        let input = try Tensor.zeros(Shape(checking: network.sizes))
        #expect((profile.joining(of: [input]) == .rows) == network.joins)
    }

    @Test(arguments: [1, 2, 7]) func keepsTheBitsOfAnImageInAnyBatch(count: Int) throws {
        let layer = try Conv2d(
            inChannels: 3,
            outChannels: 5,
            kernelSize: 3,
            generator: Generator(seed: 1)
        )
        let images = try Tensor.normal([count, 3, 9, 11], mean: 0, deviation: 1, generator: Generator(seed: 2))
        let together = try layer(images)
        for index in 0..<count {
            let alone = try layer(images.rows(index..<index + 1))
            #expect(try alone.scalars(as: Float.self) == together.rows(index..<index + 1).scalars(as: Float.self))
        }
    }
}
