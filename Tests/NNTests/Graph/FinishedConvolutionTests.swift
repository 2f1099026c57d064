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

    /// Also where a sum is -0, and without a normalisation.
    @Test func rectifiesInOneGo() throws {
        let zeros = try Tensor.zeros([2, 2, 9, 20]) * -1.0
        let nodes = [Graph.Node("c", .callModule(target: "conv", .init(["x"])))]
        let function = nodes + [Graph.Node("r", .callFunction(target: "relu", .init(["c"])))]
        let layer = nodes + [Graph.Node("r", .callModule(target: "relu", .init(["c"])))]
        let bias = convolution.bias
        defer { convolution.bias = bias }
        for hasBias in [true, false] {
            if !hasBias { convolution.bias = nil }
            try Autograd.withoutGradients {
                for input in [input, zeros] {
                    let sums = try convolution(input)
                    let wanted = try sums.relu()
                    #expect(bytes(of: try Sequential(convolution, ReLU())(input)) == bytes(of: wanted))
                    #expect(bytes(of: try graph(function, "r")(input)) == bytes(of: wanted))
                    #expect(bytes(of: try graph(layer, "r")(input)) == bytes(of: wanted))
                    let rectifiedFirst = try Sequential(convolution, ReLU(), norm, ReLU())(input)
                    #expect(bytes(of: rectifiedFirst) == bytes(of: try norm(wanted).relu()))
                }
            }
        }
    }

    /// The rule of `call`: each module that has hooks is called by itself, and so is each where somebody watches all.
    @Test func goesByItselfWhereSomebodyWatches() throws {
        let relu = ReLU()
        let network = try Sequential(convolution, norm, relu)
        let seen = Mutex(0)
        for module in [convolution, norm, relu] as [Module] {
            let handle = module.registerForwardHook { _, _, output in
                seen.withLock { $0 += 1 }
                return output
            }
            try Autograd.withoutGradients { _ = try network(input) }
            handle.remove()
        }
        #expect(seen.withLock { $0 } == 3)
        let tracer = Tracer()
        _ = try Autograd.withoutGradients { try CallContext(tracer: tracer).run { try network(input) } }
        let modules = Set(tracer.events.map(\.module))
        #expect(modules.isSuperset(of: ["0", "1", "2"]))
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
