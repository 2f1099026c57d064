import NN
import Tensors

extension Subject {
    /// What a chain is made of, one node or call after another.
    private enum Link: String {
        /// A function that gives what it takes: the interpreter alone.
        case contiguous
        case relu, add, reshape, linear
    }

    /// A chain of so many calls of one function or layer on four numbers: the nodes of a graph, or the calls themselves.
    static func chain(_ name: String, _ count: Int, asGraph: Bool) throws -> () throws -> Void {
        guard let link = Link(rawValue: name) else { throw Failure.usage("no link \(name)") }
        let layer = try Linear(inFeatures: 4, outFeatures: 4, generator: Generator(seed: 0)).requireGrad(false)
        let input = try Tensor([1, 2, 3, 4] as [Float], shape: Shape(checking: [1, 4]))
        guard asGraph else { return { keep(try called(link, count, layer, input)) } }
        let module = try graph(link, count, layer).eval()
        return { keep(try module(input)) }
    }

    @inline(never)
    private static func called(_ link: Link, _ count: Int, _ layer: Linear, _ input: Tensor) throws -> Tensor {
        var value = input
        for _ in 0..<count {
            switch link {
            case .contiguous: value = try value.contiguous()
            case .relu: value = try value.relu()
            case .add: value = try value + input
            case .reshape: value = try value.reshaped(to: [1, 4])
            case .linear: value = try layer(value)
            }
        }
        return value
    }

    private static func graph(_ link: Link, _ count: Int, _ layer: Linear) throws -> Module {
        var nodes = [Graph.Node("n0", .placeholder(defaultValue: nil))]
        for index in 0..<count {
            let before = Graph.Operand.node("n\(index)")
            let operation: Graph.Operation =
                switch link {
                case .contiguous, .relu: .callFunction(target: link.rawValue, .init([before]))
                case .add: .callFunction(target: "add", .init([before, .node("n0")]))
                case .reshape: .callFunction(target: "reshape", .init([before, 1, 4]))
                case .linear: .callModule(target: "layer", .init([before]))
                }
            nodes.append(Graph.Node("n\(index + 1)", operation))
        }
        nodes.append(Graph.Node("output", .output(.node("n\(count)"))))
        return try GraphModule(Graph(nodes), entries: [("layer", .module(layer))])
    }
}
