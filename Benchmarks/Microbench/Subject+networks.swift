import NN
import Tensors

/// The networks and layers that `networks.py` makes in PyTorch too, with the same numbers: both draw from seed 0 in one order.
enum Network: String, CaseIterable {
    case mlp, tabular, lenet, resnet, tcn, lstm, bert
    case conv3x3, conv1x1, depthwise, conv7x7, lstm128, attention, layernorm, softmax, gelu

    /// The shape of an input without the batch.
    var sizes: [Int] {
        switch self {
        case .mlp: [784]
        case .tabular: [32]
        case .lenet: [1, 28, 28]
        case .resnet: [3, 32, 32]
        case .tcn: [32, 128]
        case .lstm: [32, 64]
        case .bert: [64, 128]
        case .conv3x3, .conv1x1, .depthwise: [64, 32, 32]
        case .conv7x7: [3, 112, 112]
        case .lstm128: [32, 128]
        case .attention: [64, 128]
        case .layernorm, .softmax, .gelu: [64, 1024]
        }
    }

    /// How many times a call takes its input.
    var inputCount: Int { self == .attention ? 3 : 1 }

    func made() throws -> Module {
        let maker = Maker()
        let module: Module =
            switch self {
            case .mlp: try Sequential([maker.linear(784, 256), ReLU(), maker.linear(256, 10)])
            case .tabular: try maker.tabular()
            case .lenet: try maker.lenet()
            case .resnet: try maker.resnet()
            case .tcn:
                try Sequential([1, 2, 4, 8].flatMap { [try maker.conv1d(32, dilation: $0), ReLU()] as [Module] })
            case .lstm: try maker.lstm(64)
            case .lstm128: try maker.lstm(128)
            case .bert: try maker.bert()
            case .conv3x3: try maker.conv(64, 64, 3, padding: 1)
            case .conv1x1: try maker.conv(64, 64, 1)
            case .depthwise: try maker.conv(64, 64, 3, padding: 1, groups: 64)
            case .conv7x7: try maker.conv(3, 64, 7, stride: 2, padding: 3)
            case .attention: try maker.attention()
            case .layernorm: try LayerNorm(normalizedShape: [1024])
            case .softmax: Softmax(dim: -1)
            case .gelu: GELU()
            }
        return module.eval()
    }
}

/// Makes layers one after another from one generator.
private struct Maker {
    let generator = Generator(seed: 0)

    func linear(_ inputs: Int, _ outputs: Int) throws -> Linear {
        try Linear(inFeatures: inputs, outFeatures: outputs, generator: generator)
    }

    func conv(
        _ inputs: Int,
        _ outputs: Int,
        _ size: Int,
        stride: Int = 1,
        padding: Int = 0,
        groups: Int = 1,
        bias: Bool = true
    ) throws -> Conv2d {
        var options = Convolution.Options()
        options.stride = .all(stride)
        options.padding = .sizes(.all(padding))
        (options.groups, options.bias) = (groups, bias)
        return try Conv2d(
            inChannels: inputs,
            outChannels: outputs,
            kernelSize: .all(size),
            options: options,
            generator: generator
        )
    }

    func conv1d(_ channels: Int, dilation: Int) throws -> Conv1d {
        var options = Convolution.Options()
        (options.padding, options.dilation) = (.sizes(.all(dilation)), .all(dilation))
        return try Conv1d(
            inChannels: channels,
            outChannels: channels,
            kernelSize: 3,
            options: options,
            generator: generator
        )
    }

    func lstm(_ size: Int) throws -> LSTM {
        var options = LSTM.Options()
        options.batchFirst = true
        return try LSTM(inputSize: size, hiddenSize: size, options: options, generator: generator)
    }

    func attention() throws -> MultiheadAttention {
        var options = MultiheadAttention.Options()
        options.batchFirst = true
        return try MultiheadAttention(embedDim: 128, numHeads: 2, options: options, generator: generator)
    }

    func bert() throws -> TransformerEncoder {
        var options = TransformerLayer.Options()
        (options.dimFeedforward, options.activation, options.batchFirst) = (512, "gelu", true)
        let layer = try TransformerEncoderLayer(
            modelSize: 128,
            headCount: 2,
            options: options,
            generator: generator
        )
        return try TransformerEncoder(layer: layer, count: 2)
    }

    func lenet() throws -> Module {
        try Sequential([
            conv(1, 6, 5), ReLU(), MaxPool2d(kernelSize: 2), conv(6, 12, 5), ReLU(), MaxPool2d(kernelSize: 2),
            Flatten(),
            linear(192, 120), ReLU(), linear(120, 60), ReLU(), linear(60, 10),
        ])
    }

    func tabular() throws -> Module {
        var modules: [(String, Module)] = [("first", try linear(32, 128))]
        var nodes = [Graph.Node("x", .placeholder(defaultValue: nil)), call("h0", "first", "x")]
        for block in 0..<2 {
            modules.append(("norm\(block)", try LayerNorm(normalizedShape: [128])))
            modules.append(("wide\(block)", try linear(128, 128)))
            modules.append(("back\(block)", try linear(128, 128)))
            nodes += [
                call("n\(block)", "norm\(block)", "h\(block)"), call("w\(block)", "wide\(block)", "n\(block)"),
                Graph.Node("r\(block)", .callFunction(target: "relu", .init([.node("w\(block)")]))),
                call("b\(block)", "back\(block)", "r\(block)"), sum("h\(block + 1)", "h\(block)", "b\(block)"),
            ]
        }
        modules.append(("out", try linear(128, 10)))
        return try graph(nodes + [call("y", "out", "h2")], modules)
    }

    func resnet() throws -> Module {
        try Sequential([
            conv(3, 16, 3, padding: 1, bias: false), BatchNorm2d(numFeatures: 16), ReLU(),
            block(16, 16, stride: 1), block(16, 32, stride: 2), block(32, 64, stride: 2),
            AdaptiveAvgPool2d(outputSize: .all(1)), Flatten(), linear(64, 10),
        ])
    }

    private func block(_ inputs: Int, _ outputs: Int, stride: Int) throws -> Module {
        var modules: [(String, Module)] = [
            ("conv1", try conv(inputs, outputs, 3, stride: stride, padding: 1, bias: false)),
            ("norm1", try BatchNorm2d(numFeatures: outputs)),
            ("conv2", try conv(outputs, outputs, 3, padding: 1, bias: false)),
            ("norm2", try BatchNorm2d(numFeatures: outputs)),
        ]
        var nodes = [
            Graph.Node("x", .placeholder(defaultValue: nil)), call("c1", "conv1", "x"), call("n1", "norm1", "c1"),
            Graph.Node("r1", .callFunction(target: "relu", .init([.node("n1")]))),
            call("c2", "conv2", "r1"), call("n2", "norm2", "c2"),
        ]
        if stride != 1 {
            modules.append(("short", try conv(inputs, outputs, 1, stride: stride, bias: false)))
            nodes.append(call("s", "short", "x"))
        }
        nodes.append(sum("z", "n2", stride == 1 ? "x" : "s"))
        return try graph(nodes + [Graph.Node("y", .callFunction(target: "relu", .init([.node("z")])))], modules)
    }

    private func call(_ name: String, _ module: String, _ input: String) -> Graph.Node {
        Graph.Node(name, .callModule(target: module, .init([.node(input)])))
    }

    private func sum(_ name: String, _ first: String, _ second: String) -> Graph.Node {
        Graph.Node(name, .callFunction(target: "add", .init([.node(first), .node(second)])))
    }

    private func graph(_ nodes: [Graph.Node], _ modules: [(String, Module)]) throws -> Module {
        try GraphModule(
            Graph(nodes + [Graph.Node("output", .output(.node("y")))]),
            entries: modules.map { ($0.0, .module($0.1)) }
        )
    }
}

extension Subject {
    /// A call of a network, without gradients, for inputs by the rule of `networks.py`; the numbers that came out go to
    /// `file`, if one is given.
    static func network(_ name: String, batch: Int, threads: Int, file: String?) throws -> () throws -> Void {
        guard let network = Network(rawValue: name) else { throw Failure.usage("no network \(name)") }
        let module = try network.made()
        let shape = try Shape(checking: [batch] + network.sizes)
        let numbers = (0..<shape.elementCount).map { Float(($0 * 37) % 101 - 50) / 50 }
        let input = try Tensor(numbers, shape: shape)
        let arguments = Arguments(values: [Value](repeating: .tensor(input), count: network.inputCount))
        ProductPlan.defaultThreads = threads
        func run() throws -> Tensor? { try Autograd.withoutGradients { try module(arguments).tensors.first } }
        if let file, let output = try run() { try save(output.scalars(as: Float.self), to: file) }
        return { _ = try run() }
    }
}
