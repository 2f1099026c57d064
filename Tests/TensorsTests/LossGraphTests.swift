import Tensors
import Testing

/// The graphs of the losses that PyTorch composes, which depend on the version and on who requires gradients.
///
/// Recorded by walking `next_functions` in 2.13.0 and in the 1.0.1 wheel.
struct LossGraphTests {
    typealias Loss = @Sendable (_ input: Tensor, _ target: Tensor, Reduction) throws -> Tensor

    struct Row: Sendable, CustomTestStringConvertible {
        let loss: String
        /// Which of input and target require gradients.
        let requiring: (input: Bool, target: Bool)
        let shapes: (input: Shape, target: Shape)
        let current: String
        let old: String
        var testDescription: String { "\(loss) \(requiring) \(shapes)" }

        init(
            _ loss: String,
            _ requiring: (Bool, Bool),
            _ shapes: (Shape, Shape) = ([2, 3], [2, 3]),
            current: String,
            old: String
        ) {
            (self.loss, self.requiring, self.shapes) = (loss, requiring, shapes)
            (self.current, self.old) = (current, old)
        }

        var isComposed: (current: Bool, old: Bool) { (loss == "l1", requiring.target) }
    }

    private static let losses: [String: Loss] = [
        "mse": { try $0.mseLoss($1, reduction: $2) }, "l1": { try $0.l1Loss($1, reduction: $2) },
    ]

    @Test(
        arguments: [
            Row("mse", (true, false), current: "MseLossBackward0(Leaf, nil)", old: "MseLossBackward(Leaf)"),
            Row(
                "mse",
                (false, true),
                current: "MseLossBackward0(nil, Leaf)",
                old: "PowBackward0(SubBackward0(nil, Leaf))"
            ),
            Row(
                "mse",
                (true, true),
                current: "MseLossBackward0(Leaf, Leaf)",
                old: "PowBackward0(SubBackward0(Leaf, Leaf))"
            ),
            Row(
                "mse",
                (true, true),
                ([2, 3], [3]),
                current: "MseLossBackward0(Leaf, ExpandBackward0(Leaf))",
                old: "PowBackward0(SubBackward0(Leaf, Leaf))"
            ),
            Row("l1", (true, false), current: "AbsBackward0(SubBackward0(Leaf, nil))", old: "L1LossBackward(Leaf)"),
            Row(
                "l1",
                (true, false),
                ([3], [2, 3]),
                current: "AbsBackward0(SubBackward0(ExpandBackward0(Leaf), nil))",
                old: "L1LossBackward(ExpandBackward(Leaf))"
            ),
            Row(
                "l1",
                (false, true),
                current: "AbsBackward0(SubBackward0(nil, Leaf))",
                old: "AbsBackward(SubBackward0(nil, Leaf))"
            ),
            Row(
                "l1",
                (true, true),
                ([2, 3], [3]),
                current: "AbsBackward0(SubBackward0(Leaf, ExpandBackward0(Leaf)))",
                old: "AbsBackward(SubBackward0(Leaf, Leaf))"
            ),
        ],
        Reduction.allCases
    )
    func composesAsEitherPyTorch(row: Row, reduction: Reduction) throws {
        let input = try Tensor.ones(row.shapes.input).requiringGrad(row.requiring.input)
        let target = try Tensor.ones(row.shapes.target).requiringGrad(row.requiring.target)
        let loss = try #require(Self.losses[row.loss])
        let current = try loss(input, target, reduction)
        #expect(
            graph(current, .current) == reduced(row.current, reduction, row.isComposed.current, mean: "MeanBackward0")
        )
        let old = try Compatibility.torch1_0_1.run { try loss(input, target, reduction) }
        #expect(graph(old, .torch1_0_1) == reduced(row.old, reduction, row.isComposed.old, mean: "MeanBackward1"))
    }

    private func reduced(_ graph: String, _ reduction: Reduction, _ isComposed: Bool, mean: String) -> String {
        switch reduction {
        case .mean where isComposed: "\(mean)(\(graph))"
        case .sum where isComposed: "SumBackward0(\(graph))"
        default: graph
        }
    }

    private func graph(_ tensor: Tensor, _ version: Compatibility) -> String { text(tensor.gradFn, version) }

    private func text(_ node: GradientNode?, _ version: Compatibility) -> String {
        guard let node else { return "nil" }
        guard !node.isLeaf else { return "Leaf" }
        let next = node.nextNodes.map { text($0, version) }.joined(separator: ", ")
        return "\(node.name.text(version))(\(next))"
    }

    @Test(arguments: [(Reduction.none, 1 as Float), (.mean, 0.25), (.sum, 1)])
    func slopesUpWhereBothAreEqualUnderTheOldRules(reduction: Reduction, step: Float) throws {
        let input = try Tensor([1, 2, 3, .nan] as [Float]).requiringGrad()
        try Compatibility.torch1_0_1.run {
            try input.l1Loss(Tensor([1, 3, 2, 0] as [Float]), reduction: reduction).sum().backward()
        }
        #expect(input.grad?.scalars(as: Float.self) == [step, -step, step, -step])
    }

    @Test(arguments: [Reduction.none, .mean])
    func bringsTheGradientOfAStretchedOperandBack(reduction: Reduction) throws {
        for version in Compatibility.allCases {
            let target = try Tensor([1, 2] as [Float]).requiringGrad()
            try version.run { try Tensor.ones([3, 2]).mseLoss(target, reduction: reduction).sum().backward() }
            #expect(target.grad?.scalars(as: Float.self) == (reduction == .none ? [0, 6] : [0, 1]))
        }
    }
}
