import JSON
import Models
import NN
import OrderedCollections
import Tensors
import Testing

@testable import Serving

/// Which calls of graphs may share a product, and that they have the same bits alone.
struct GraphBatchTests {
    /// A network: its modules and the nodes between the input `x` and the output, as `name = function(arguments)`.
    struct Network: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var modules = "{}"
        var parameters = "{}"
        let nodes: String
        let output: String
        let sizes: [Int]
        let joins: Bool

        /// The description.
        var json: String {
            #"""
            {"name": "net", "type": "GraphModule", "seed": 1, "modules": \#(modules), "parameters": \#(parameters),
             "graph": [{"op": "placeholder", "name": "x"}, \#(nodes),
             {"op": "output", "args": [{"node": "\#(output)"}]}]}
            """#
        }
    }

    private static func function(_ name: String, _ target: String, _ arguments: String, _ named: String = "") -> String
    {
        #"{"op": "call_function", "name": "\#(name)", "target": "\#(target)", "args": [\#(arguments)], "kwargs": {\#(named)}}"#
    }

    private static func module(_ name: String, _ argument: String, _ named: String = "") -> String {
        #"""
        {"op": "call_module", "name": "\#(name)", "target": "\#(name)", "args": [\#(node(argument))], "kwargs": {\#(named)}}
        """#
    }

    private static func node(_ name: String) -> String { #"{"node": "\#(name)"}"# }

    private static let x = node("x")

    private static let linears = #"""
        {"fc": {"type": "Linear", "in_features": 6, "out_features": 6}, "norm": {"type": "LayerNorm", "normalized_shape": 6},
         "q": {"type": "Linear", "in_features": 6, "out_features": 6}, "k": {"type": "Linear", "in_features": 6, "out_features": 6}}
        """#

    private static let encoderLayer = #"""
        {"layer": {"type": "TransformerEncoderLayer", "d_model": 6, "nhead": 2, "dim_feedforward": 8, "batch_first": true}}
        """#

    static let networks: [Network] = [
        Network(
            testDescription: "a residual block",
            modules: linears,
            nodes: [
                module("norm", "x"), module("fc", "norm"), function("gelu", "gelu", node("fc")),
                function("y", "add", "\(x), \(node("gelu"))"),
            ].joined(separator: ","),
            output: "y",
            sizes: [5, 6],
            joins: true
        ),
        Network(
            testDescription: "the network of the tutorial",
            modules: #"""
                {"conv1": {"type": "Conv2d", "in_channels": 1, "out_channels": 6, "kernel_size": 5},
                 "out": {"type": "Linear", "in_features": 216, "out_features": 10}}
                """#,
            nodes: [
                module("conv1", "x"), function("relu", "relu", node("conv1")),
                function("pool", "max_pool2d", "\(node("relu")), 2", #""stride": 2"#),
                function("flat", "reshape", "\(node("pool")), -1, 216"), module("out", "flat"),
            ].joined(separator: ","),
            output: "out",
            sizes: [4, 1, 16, 16],
            joins: true
        ),
        Network(
            testDescription: "an autoencoder with functional convolutions",
            parameters: #"""
                {"down": {"shape": [4, 2, 3, 3], "init": "normal"}, "up": {"shape": [4, 2, 2, 2], "init": "normal"}}
                """#,
            nodes: [
                #"{"op": "get_attr", "name": "down", "target": "down"}, {"op": "get_attr", "name": "up", "target": "up"}"#,
                function("code", "conv2d", "\(x), \(node("down"))", #""stride": 2, "padding": 1"#),
                function("tanh", "tanh", node("code")),
                function("back", "conv_transpose2d", "\(node("tanh")), \(node("up"))", #""stride": 2"#),
                function("norm", "instance_norm", node("back")),
                function("y", "interpolate", node("norm"), #""size": [5, 7], "mode": "bilinear""#),
            ].joined(separator: ","),
            output: "y",
            sizes: [3, 2, 6, 6],
            joins: true
        ),
        Network(
            testDescription: "attention over heads",
            modules: linears,
            nodes: [
                module("q", "x"), module("k", "x"), function("b", "size", "\(x), 0"), function("t", "size", "\(x), 1"),
                function("qh", "view", "\(node("q")), \(node("b")), \(node("t")), 2, 3"),
                function("kh", "view", "\(node("k")), \(node("b")), \(node("t")), 2, 3"),
                function("qt", "transpose", "\(node("qh")), 1, 2"),
                function("kt", "permute", "\(node("kh")), 0, 2, 3, 1"),
                function("scores", "matmul", "\(node("qt")), \(node("kt"))"),
                function("w", "softmax", node("scores"), #""dim": -1"#),
                function("h", "matmul", "\(node("w")), \(node("qt"))"),
                function("ht", "transpose", "\(node("h")), 1, 2"),
                function("c", "contiguous", node("ht")),
                function("y", "view", "\(node("c")), \(node("b")), \(node("t")), -1"),
            ].joined(separator: ","),
            output: "y",
            sizes: [3, 4, 6],
            joins: true
        ),
        Network(
            testDescription: "a class token in front of the patches",
            parameters: #"{"cls": {"shape": [1, 1, 6], "init": "normal"}}"#,
            nodes: [
                #"{"op": "get_attr", "name": "cls", "target": "cls"}"#, function("b", "size", "\(x), 0"),
                function("tokens", "expand", "\(node("cls")), \(node("b")), -1, -1"),
                function("all", "cat", "[\(node("tokens")), \(x)]", #""dim": 1"#),
                function("mean", "mean", "\(node("all")), 1"),
            ].joined(separator: ","),
            output: "mean",
            sizes: [3, 4, 6],
            joins: true
        ),
        Network(
            testDescription: "a state of zeros",
            modules: linears,
            nodes: [
                function("b", "size", "\(x), 0"), function("h", "zeros", "\(node("b")), 6"),
                function("s", "add", "\(x), \(node("h"))"), module("fc", "s"), function("y", "tanh", node("fc")),
            ].joined(separator: ","),
            output: "y",
            sizes: [3, 6],
            joins: true
        ),
        Network(
            testDescription: "the mean of the batch",
            nodes: [function("m", "mean", "\(x), 0"), function("y", "sub", "\(x), \(node("m"))")].joined(
                separator: ","
            ),
            output: "y",
            sizes: [3, 6],
            joins: false
        ),
        Network(
            testDescription: "a division by the size of the batch",
            nodes: [function("b", "size", "\(x), 0"), function("y", "div", "\(x), \(node("b"))")].joined(
                separator: ","
            ),
            output: "y",
            sizes: [3, 6],
            joins: false
        ),
        Network(
            testDescription: "as many columns as rows",
            nodes: [
                function("b", "size", "\(x), 0"),
                function(
                    "y",
                    "getitem",
                    #"\#(x), {"tuple": [{"slice": [null, null, null]}, {"slice": [null, \#(node("b")), null]}]}"#
                ),
            ].joined(separator: ","),
            output: "y",
            sizes: [3, 6],
            joins: false
        ),
        Network(
            testDescription: "a sum along the batch",
            nodes: function("y", "cumsum", "\(x), 0"),
            output: "y",
            sizes: [3, 6],
            joins: false
        ),
        Network(
            testDescription: "a layer of a transformer with the arguments that tracing writes out",
            modules: encoderLayer,
            nodes: module("layer", "x", #""src_mask": null, "src_key_padding_mask": null, "is_causal": false"#),
            output: "layer",
            sizes: [3, 4, 6],
            joins: true
        ),
        Network(
            testDescription: "a causal mask and a padding of each row's own",
            modules: encoderLayer,
            nodes: [
                function("ones", "ones", "4, 4"), function("above", "triu", "\(node("ones")), 1"),
                function("mask", "bool", node("above")),
                function("last", "getitem", #"\#(x), {"tuple": [{"ellipsis": true}, 0]}"#),
                function("small", "lt", "\(node("last")), -1.5"),
                module("layer", "x", #""src_mask": \#(node("mask")), "src_key_padding_mask": \#(node("small"))"#),
            ].joined(separator: ","),
            output: "layer",
            sizes: [3, 4, 6],
            joins: true
        ),
        Network(
            testDescription: "an attention with a mask that is another in each row",
            modules: #"{"layer": {"type": "MultiheadAttention", "embed_dim": 6, "num_heads": 1, "batch_first": true}}"#,
            nodes: [
                function("t", "transpose", "\(x), 1, 2"), function("mask", "matmul", "\(x), \(node("t"))"),
                #"""
                {"op": "call_module", "name": "layer", "target": "layer", "args": [{"node": "x"}, {"node": "x"}, {"node": "x"}],
                 "kwargs": {"attn_mask": {"node": "mask"}, "need_weights": true}}
                """#,
                function("y", "getitem", "\(node("layer")), 0"),
            ].joined(separator: ","),
            output: "y",
            sizes: [3, 4, 6],
            joins: false
        ),
        Network(
            testDescription: "an encoder that pads with zeros where all rows' padding lets it",
            modules: #"""
                {"layer": {"type": "TransformerEncoder", "modules": {"layers": {"type": "ModuleList", "modules": [
                 {"type": "TransformerEncoderLayer", "d_model": 6, "nhead": 2, "dim_feedforward": 8, "batch_first": true}]}}}}
                """#,
            nodes: [
                function("last", "getitem", #"\#(x), {"tuple": [{"ellipsis": true}, 0]}"#),
                function("small", "lt", "\(node("last")), -1.5"),
                module("layer", "x", #""src_key_padding_mask": \#(node("small"))"#),
            ].joined(separator: ","),
            output: "layer",
            sizes: [3, 4, 6],
            joins: false
        ),
        Network(
            testDescription: "two rows made one",
            nodes: function("y", "reshape", "\(x), 2, -1"),
            output: "y",
            sizes: [4, 6],
            joins: false
        ),
        Network(
            testDescription: "noise",
            nodes: [function("n", "randn_like", x), function("y", "add", "\(x), \(node("n"))")].joined(separator: ","),
            output: "y",
            sizes: [3, 6],
            joins: false
        ),
    ]

    private static func description(of network: Network) throws -> ModuleDescription {
        try DescriptionReader.description(in: Array(network.json.utf8), maxModules: 100, maxNodes: 100)
    }

    private func moduleVersion(_ network: Network) async throws -> ModuleVersion {
        try await Registry().create(Self.description(of: network))
    }

    @Test(arguments: networks) func derivesFromTheNodesWhetherCallsMayBeJoined(network: Network) async throws {
        let profile = try await moduleVersion(network).profile
        let input = try Tensor.zeros(Shape(checking: network.sizes))
        #expect((profile.joining(of: [input]) == .rows) == network.joins)
    }

    @Test(arguments: networks.filter(\.joins)) func givesARowTheBitsThatItHasAlone(network: Network) async throws {
        let root = try await moduleVersion(network).root
        let shape = try Shape(checking: network.sizes)
        let input = try Tensor.normal(shape, mean: 0, deviation: 1, generator: Generator(seed: 3))
        let together = try root(input)
        for row in 0..<network.sizes[0] {
            let alone = try root(input.rows(row..<row + 1))
            let among = try together.rows(row..<row + 1)
            #expect(alone.shape == among.shape)
            #expect(alone.withUnsafeBytes { [UInt8]($0) } == among.withUnsafeBytes { [UInt8]($0) })
        }
    }

    /// A registry whose only worker waits until it has eight rows of one module.
    private static var joining: Registry {
        var options = ServingOptions()
        (options.inlineWork, options.computeWidth) = (-1, 1)
        (options.maxBatchRows, options.batchDelay) = (8, .seconds(3_600))
        return Registry(options: options)
    }

    /// Two towers, whose outputs are an object with a tuple in it; `output` is what the graph returns.
    private static func towers(_ output: String) -> String {
        #"""
        {"name": "towers", "type": "GraphModule", "seed": 2, "modules": {
          "u": {"type": "Linear", "in_features": 6, "out_features": 5}, "i": {"type": "Embedding", "num_embeddings": 9, "embedding_dim": 5}},
         "graph": [{"op": "placeholder", "name": "user"}, {"op": "placeholder", "name": "item"},
         {"op": "call_module", "name": "a", "target": "u", "args": [{"node": "user"}]},
         {"op": "call_module", "name": "b", "target": "i", "args": [{"node": "item"}]},
         {"op": "call_function", "name": "ab", "target": "mul", "args": [{"node": "a"}, {"node": "b"}]},
         {"op": "call_function", "name": "score", "target": "sum", "args": [{"node": "ab"}, 1]},
         {"op": "call_function", "name": "all", "target": "mean", "args": [{"node": "ab"}]},
         {"op": "call_function", "name": "count", "target": "size", "args": [{"node": "a"}, 0]},
         {"op": "output", "args": [\#(output)]}]}
        """#
    }

    private static func publish(_ json: String, in registry: Registry) async throws -> ModuleVersion {
        try await registry.create(
            DescriptionReader.description(in: Array(json.utf8), maxModules: 100, maxNodes: 100)
        )
    }

    @Test(arguments: [
        (#"{"score": {"node": "score"}, "towers": {"tuple": [{"node": "a"}, {"node": "b"}, null]}}"#, true),
        (#"{"tuple": [{"node": "score"}, {"node": "all"}]}"#, false),
        (#"{"tuple": [{"node": "score"}, {"node": "count"}]}"#, false),
    ])
    func derivesOfSeveralInputsAndOutputsWhetherCallsMayBeJoined(output: String, joins: Bool) async throws {
        let profile = try await Self.publish(Self.towers(output), in: Registry()).profile
        let inputs = [try Tensor.zeros([3, 6]), try Tensor.zeros([3], dtype: .int64)]
        #expect((profile.joining(of: inputs) == .rows) == joins)
    }

    /// The same bits as alone for each, whether the inputs have names or places.
    @Test func joinsCallsOfSeveralInputsAndOutputs() async throws {
        let registry = Self.joining
        let output = #"{"score": {"node": "score"}, "towers": {"tuple": [{"node": "a"}, {"node": "b"}]}}"#
        let moduleVersion = try await Self.publish(Self.towers(output), in: registry)
        let inputs = try (0..<4).map { index in
            [
                try Tensor.normal([2, 6], mean: 0, deviation: 1, generator: Generator(seed: UInt64(index))),
                try Tensor([Int64(index), Int64(8 - index)]),
            ]
        }
        let results = try await withThrowingTaskGroup(of: (Int, CallResult).self) { group in
            for (index, pair) in inputs.enumerated() {
                group.addTask {
                    var request = CallRequest(inputs: index.isMultiple(of: 2) ? pair : [])
                    // The order of names is nobody's business.
                    if !index.isMultiple(of: 2) {
                        request.named = ["item": .tensor(pair[1]), "user": .tensor(pair[0])]
                    }
                    return (index, try await registry.call(moduleVersion, request))
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        for (index, result) in results {
            #expect(result.batchSize == 8)
            let alone = try moduleVersion.root(Arguments(inputs[index])).tensors
            #expect(Array(result.outputs.tensors.keys) == ["score", "towers.0", "towers.1"])
            for (among, alone) in zip(result.outputs.tensors.values, alone) {
                #expect(among.shape == alone.shape)
                #expect(among.withUnsafeBytes { [UInt8]($0) } == alone.withUnsafeBytes { [UInt8]($0) })
            }
        }
    }

    /// Calls that wait for the only worker go together, also where the input is named.
    @Test func joinsCallsOfAGraph() async throws {
        let registry = Self.joining
        let moduleVersion = try await registry.create(Self.description(of: Self.networks[0]))
        let results = try await withThrowingTaskGroup(of: CallResult.self) { group in
            for index in 0..<8 {
                let input = try Tensor.full(Double(index), shape: [1, 6], dtype: .float32)
                group.addTask {
                    var request = CallRequest(inputs: index.isMultiple(of: 2) ? [input] : [])
                    if !index.isMultiple(of: 2) { request.named = ["x": .tensor(input)] }
                    return try await registry.call(moduleVersion, request)
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(results.contains { $0.batchSize > 1 })
        #expect(results.allSatisfy { Array($0.output.shape) == [1, 6] })
    }
}
