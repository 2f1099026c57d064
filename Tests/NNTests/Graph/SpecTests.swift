import Tensors
import Testing

@testable import NN

/// What is known of shapes and rows before a call.
struct SpecTests {
    private static let x = TensorSpec(shape: [.batch(1), .fixed(4), .fixed(6)], dtype: .float32, rows: .axis(0))

    private static func shared(_ sizes: Int...) -> TensorSpec {
        TensorSpec(shape: sizes.map(Extent.fixed), dtype: .float32, rows: .none)
    }

    @Test(
        "follows the rows of a batch, and loses them where they meet",
        arguments: [
            ("x + scale", TensorSpec.broadcast([x, shared(6)]), [.batch(1), .fixed(4), .fixed(6)], .axis(0)),
            ("x + one per row", .broadcast([x, shared(3, 1, 6)]), [.unknown, .fixed(4), .fixed(6)], .mixed),
            ("x + x.mT", .broadcast([x, x.permuted([1, 0, 2])]), [.unknown, .unknown, .fixed(6)], .mixed),
            ("x.view(-1, 24)", x.reshaped(to: [.fixed(-1), .fixed(24)]), [.batch(1), .fixed(24)], .axis(0)),
            ("x.view(-1, 6)", x.reshaped(to: [.fixed(-1), .fixed(6)]), [.batch(4), .fixed(6)], .axis(0)),
            (
                "x.view(B, 2, 2, 6)", x.reshaped(to: [.batch(1), .fixed(2), .fixed(2), .fixed(6)]),
                [.batch(1), .fixed(2), .fixed(2), .fixed(6)], .axis(0)
            ),
            ("x.view(24, -1)", x.reshaped(to: [.fixed(24), .fixed(-1)]), [.fixed(24), .batch(1)], .mixed),
            ("x.view(-1)", x.reshaped(to: [.fixed(-1)]), [.batch(24)], .axis(0)),
            ("x.transpose(0, 1)", x.permuted([1, 0, 2]), [.fixed(4), .batch(1), .fixed(6)], .axis(1)),
            (
                "x.transpose(0, 1).view(-1, 6)", x.permuted([1, 0, 2]).reshaped(to: [.fixed(-1), .fixed(6)]),
                [.batch(4), .fixed(6)], .mixed
            ),
            ("x.sum(0)", x.reduced(over: [0], keepDim: false), [.fixed(4), .fixed(6)], .mixed),
            ("x.sum(-1)", x.reduced(over: [-1], keepDim: false), [.batch(1), .fixed(4)], .axis(0)),
            (
                "x.transpose(0, 1).sum(0)", x.permuted([1, 0, 2]).reduced(over: [0], keepDim: false),
                [.batch(1), .fixed(6)], .axis(0)
            ),
            ("x.unsqueeze(0)", x.unsqueezed(0), [.fixed(1), .batch(1), .fixed(4), .fixed(6)], .axis(1)),
            ("x.squeeze()", x.squeezed(nil), nil, .mixed),
            ("x @ w", x.matmul(shared(6, 3)), [.batch(1), .fixed(4), .fixed(3)], .axis(0)),
            ("x @ x.mT", x.matmul(x.permuted([0, 2, 1])), [.batch(1), .fixed(4), .fixed(4)], .axis(0)),
            (
                "x[:, 0] @ x[:, 0].T",
                x.reduced(over: [1], keepDim: false).matmul(x.reduced(over: [1], keepDim: false).permuted([1, 0])),
                [.batch(1), .batch(1)], .mixed
            ),
            ("cat([x, x], 1)", .concatenated([x, x], dim: 1), [.batch(1), .fixed(8), .fixed(6)], .axis(0)),
            ("cat([x, x])", .concatenated([x, x], dim: 0), [.unknown, .fixed(4), .fixed(6)], .mixed),
            (
                "cat([x, w], 1)", .concatenated([x, shared(1, 4, 6)], dim: 1), [.batch(1), .fixed(8), .fixed(6)], .mixed
            ),
        ] as [(String, TensorSpec, [Extent]?, TensorSpec.Rows)]
    )
    func follows(expression: String, spec: TensorSpec, shape: [Extent]?, rows: TensorSpec.Rows) {
        #expect(spec.shape == shape, "\(expression)")
        #expect(spec.rows == rows, "\(expression)")
    }

    @Test func everyFunctionIsDeclaredOnceWithParametersThatPythonCanTake() {
        for (name, type) in FunctionType.all {
            #expect(type.name == name)
            #expect(Set(type.parameters.map(\.name)).count == type.parameters.count, "\(name)")
            #expect(type.parameters.allSatisfy { !$0.name.isEmpty }, "\(name)")
        }
    }

    @Test func readsParametersAsPythonWritesThem() {
        let signature = FunctionSignature("input, dim=-1, size=(2, 3), *, mode='mean', eps=1e-5, out=None, flag=True")
        #expect(signature.parameters.map(\.name) == ["input", "dim", "size", "mode", "eps", "out", "flag"])
        #expect(signature.parameters.map(\.isKeywordOnly) == [false, false, false, true, true, true, true])
        let defaults = signature.parameters.map { $0.defaultValue.map { "\($0)" } ?? "" }
        #expect(
            defaults == [
                "", "integer(-1)", "tuple([NN.Value.integer(2), NN.Value.integer(3)])", "string(\"mean\")",
                "float(1e-05)", "none", "bool(true)",
            ]
        )
    }
}
