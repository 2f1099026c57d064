import HTTPTypes
import JSON
import Serving
import Tensors
import Testing
import TestServer

@testable import ModuleAPI

/// Calls of graphs that make much of little, or are no end of work: refused before memory or time is spent.
@Suite(.timeLimit(.minutes(2)))
struct GraphLimitTests {
    private let server = Server()

    private static func function(_ name: String, _ target: String, _ arguments: String) -> String {
        #"{"op": "call_function", "name": "\#(name)", "target": "\#(target)", "args": [\#(arguments)]}"#
    }

    /// A graph of an input `x` and `nodes`, of which `y` is the output.
    private static func graph(_ nodes: [String]) -> String {
        #"""
        {"name": "net", "type": "GraphModule", "graph": [{"op": "placeholder", "name": "x"}, \#(nodes.joined(separator: ", ")),
         {"op": "output", "args": [{"node": "y"}]}]}
        """#
    }

    /// `count` nodes, each of which calls `target` on the one before, with more arguments if there are any.
    private static func chain(_ count: Int, _ target: String, of first: String, _ arguments: (String) -> String)
        -> [String]
    {
        (0..<count).map { index in
            let before = #"{"node": "\#(index == 0 ? first : "n\(index - 1)")"}"#
            return function(index == count - 1 ? "y" : "n\(index)", target, arguments(before))
        }
    }

    /// A tensor `v` of `shape`, of 2^20 numbers, of which nothing is known before the call.
    private static func selected(shape: String) -> [String] {
        [
            function("i", "ones", "1048576"), function("m", "gt", #"{"node": "i"}, 0"#),
            function("s", "masked_select", #"{"node": "i"}, {"node": "m"}"#),
            function("v", "view", #"{"node": "s"}, \#(shape)"#),
        ]
    }

    static let exploding: [(String, [String])] = [
        ("expand", [function("y", "expand", #"{"node": "x"}, 68719476736, 2"#)]),
        ("repeat", [function("y", "repeat", #"{"node": "x"}, 17179869184, 1"#)]),
        (
            "repeat beyond numbers",
            [function("y", "repeat", #"{"node": "x"}, 4611686018427387904, 4611686018427387904"#)]
        ),
        ("outer", [function("r", "arange", "131072"), function("y", "outer", #"{"node": "r"}, {"node": "r"}"#)]),
        ("arange", [function("y", "arange", "1099511627776")]),
        ("arange in tiny steps", [function("y", "arange", "0, 1, 1e-18")]),
        ("linspace", [function("y", "linspace", "0, 1, 1099511627776")]),
        ("zeros", [function("y", "zeros", "1099511627776")]),
        ("full", [function("y", "full", "[1048576, 1048576], 1.5")]),
        ("eye", [function("y", "eye", "1048576")]),
        ("repeat_interleave", [function("y", "repeat_interleave", #"{"node": "x"}, 1099511627776"#)]),
        ("pad", [function("y", "pad", #"{"node": "x"}, [1099511627776, 0]"#)]),
        ("randn", [function("y", "randn", "1099511627776")]),
        (
            "a column and a row",
            [
                function("r", "arange", "131072"), function("c", "unsqueeze", #"{"node": "r"}, 1"#),
                function("y", "add", #"{"node": "c"}, {"node": "r"}"#),
            ]
        ),
        (
            "products without end",
            [function("r", "zeros", "4096, 4096")] + chain(400, "matmul", of: "r") { #"\#($0), {"node": "r"}"# }
        ),
        (
            "a convolution without end",
            [
                function("i", "zeros", "1, 1, 8192, 8192"), function("w", "zeros", "1, 1, 4096, 4096"),
                function("y", "conv2d", #"{"node": "i"}, {"node": "w"}"#),
            ]
        ),
        (
            "a product beyond the limit that is not far beyond",
            [function("r", "zeros", "4096, 4096")] + chain(18, "matmul", of: "r") { #"\#($0), {"node": "r"}"# }
        ),
        (
            "a pool without end",
            [function("i", "zeros", "1, 1, 8192, 8192"), function("y", "max_pool2d", #"{"node": "i"}, 4096, 1"#)]
        ),
        (
            "a pool of powers without end",
            [function("i", "zeros", "1, 1, 33554432"), function("y", "lp_pool1d", #"{"node": "i"}, 2.0, 4194304, 1"#)]
        ),
        // What is known of a selection is its type: the meter stops what no specification foretells.
        (
            "a pool of what was selected",
            selected(shape: "1, 1, 1048576")
                + [
                    function("two", "expand", #"{"node": "v"}, 1, 2, 1048576"#),
                    function("y", "avg_pool1d", #"{"node": "two"}, 1048576, 1, 524288"#),
                ]
        ),
        (
            "a transposed convolution of what was selected",
            selected(shape: "1, 1, 1024, 1024")
                + [
                    function("w", "zeros", "1, 1, 1024, 1024"),
                    function("y", "conv_transpose2d", #"{"node": "v"}, {"node": "w"}"#),
                ]
        ),
    ]

    @Test(arguments: exploding)
    func refusesBeforeItTakesMemoryOrTime(what: String, nodes: [String]) async throws {
        try await server.create(Self.graph(nodes))
        let before = await server.send(.get, "/v1/modules/net")
        let answer = await server.json(.post, "/v1/modules/net/call", #"{"input": [[1, 2]]}"#)
        #expect(answer.status == 422, "\(what): \(answer.text)")
        #expect(await server.send(.get, "/v1/modules/net").text == before.text)
    }

    /// A shape that doubles with every node runs out of what one call may hold, wherever that is.
    @Test func letsAValueGrowToTheLimitOnly() async throws {
        var serving = ServingOptions()
        serving.limits.maxCallBytes = 1 << 20
        let server = Server(serving: serving)
        try await server.create(Self.graph(Self.chain(60, "cat", of: "x") { "[\($0), \($0)]" }))
        let answer = await server.json(.post, "/v1/modules/net/call", #"{"input": [[1, 2]]}"#)
        #expect(answer.status == 422)
    }

    @Test(arguments: ["size", "getattr"]) func refusesOutputsThatAreNoTensors(function: String) async throws {
        let arguments = function == "size" ? #"{"node": "x"}"# : #"{"node": "x"}, "device""#
        let nodes = [Self.function("s", function, arguments), Self.function("y", "getitem", #"{"node": "s"}, "k""#)]
        try await server.create(Self.graph(nodes))
        let answer = await server.json(.post, "/v1/modules/net/call", #"{"input": [[1, 2]]}"#)
        #expect(answer.status == 422)
    }
}
