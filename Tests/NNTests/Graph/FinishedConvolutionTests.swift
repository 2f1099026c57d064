import Synchronization
import Tensors
import Testing

@testable import NN

/// A convolution with the normalisation and the rectifier behind it: in one go where nobody watches, with the same bits.
struct FinishedConvolutionTests {
    private let convolution: Conv2d
    private let norm: BatchNorm2d
    private let input: Tensor

    init() throws {
        let generator = Generator(seed: 0)
        var options = Convolution.Options()
        options.padding = .sizes(.all(1))
        convolution = try Conv2d(
            inChannels: 2,
            outChannels: 3,
            kernelSize: .all(3),
            options: options,
            generator: generator
        )
        norm = try BatchNorm2d(numFeatures: 3)
        input = try Tensor.normal([2, 2, 9, 20], mean: 0, deviation: 1, generator: generator)
        // Running statistics of its own.
        _ = try norm(Tensor.normal([4, 3, 5, 5], mean: 1, deviation: 2, generator: generator))
        norm.eval()
    }

    private func graph(_ nodes: [Graph.Node], _ output: Graph.Operand) throws -> GraphModule {
        try GraphModule(
            Graph([Graph.Node("x", .placeholder(defaultValue: nil))] + nodes + [Graph.Node("output", .output(output))]),
            entries: [("conv", .module(convolution)), ("norm", .module(norm)), ("relu", .module(ReLU()))]
        )
    }

    private static let pair = [
        Graph.Node("c", .callModule(target: "conv", .init(["x"]))),
        Graph.Node("n", .callModule(target: "norm", .init(["c"]))),
    ]
    private static let function = pair + [Graph.Node("r", .callFunction(target: "relu", .init(["n"])))]
    private static let layer = pair + [Graph.Node("r", .callModule(target: "relu", .init(["n"])))]

    @Test func givesTheBitsOfOneAfterTheOther() throws {
        try Autograd.withoutGradients {
            let sums = try convolution(input)
            let normalized = try norm(sums)
            let wanted = try normalized.relu()
            #expect(bytes(of: try Sequential(convolution, norm)(input)) == bytes(of: normalized))
            #expect(bytes(of: try Sequential(convolution, norm, ReLU())(input)) == bytes(of: wanted))
            #expect(bytes(of: try graph(Self.pair, "n")(input)) == bytes(of: normalized))
            #expect(bytes(of: try graph(Self.function, "r")(input)) == bytes(of: wanted))
            #expect(bytes(of: try graph(Self.layer, "r")(input)) == bytes(of: wanted))
            // Somebody else needs what stands between.
            let between = try graph(Self.function, .tuple(["c", "n", "r"]))(Arguments(input)).tensors
            #expect(between.map(bytes) == [sums, normalized, wanted].map(bytes))
        }
    }

    private func bytes(of tensor: Tensor) -> [UInt8] { tensor.withUnsafeBytes { [UInt8]($0) } }

    @Test func callsTheHooksOfEach() throws {
        let seen = Mutex(0)
        let handle = norm.registerForwardHook { _, _, output in
            seen.withLock { $0 += 1 }
            return output
        }
        defer { handle.remove() }
        try Autograd.withoutGradients {
            _ = try Sequential(convolution, norm, ReLU())(input)
            _ = try graph(Self.function, "r")(input)
        }
        #expect(seen.withLock { $0 } == 2)
    }

    @Test func saysWhichOfThemFails() throws {
        let wide = try BatchNorm2d(numFeatures: 4).eval()
        let network = try Sequential(convolution, wide, ReLU())
        let error = #expect(throws: InChildError.self) { try Autograd.withoutGradients { try network(input) } }
        #expect(error?.path == "1")
    }
}
