import Tensors
import Testing

@testable import NN

/// What an error out of a tree says.
struct ErrorInTreeTests {
    private func network() throws -> Sequential {
        try Sequential(named: [
            ("body", Sequential(Linear(inFeatures: 4, outFeatures: 3), ReLU(), Linear(inFeatures: 5, outFeatures: 2))),
            ("head", Linear(inFeatures: 2, outFeatures: 2)),
        ])
    }

    @Test func namesTheChildThatTheShapeDoesNotFit() throws {
        let network = try network()
        let error = #expect(throws: InChildError.self) { try network(Tensor.ones([7, 4])) }
        #expect(error?.path == "body.2")
        #expect(error?.type == "Linear")
        #expect(error?.expected == "float32[*, 5]")
        #expect(error?.got == "float32[7, 3]")
        #expect(error?.message() == "mat1 and mat2 shapes cannot be multiplied (7x3 and 5x2)")
        #expect(error?.underlying is TensorError)
        #expect(
            error?.description
                == "mat1 and mat2 shapes cannot be multiplied (7x3 and 5x2) "
                + "(in body.2: Linear, expected float32[*, 5], got float32[7, 3])"
        )
    }

    @Test func namesTheChildWhoseParameterHasAWrongDtype() throws {
        let network = try Sequential(linear(), linear())
        try network.element(at: 1).to(.float64)
        let error = #expect(throws: InChildError.self) { try network(ones()) }
        #expect(error?.path == "1")
        #expect(error?.expected == "float64[*, 2]")
        #expect(error?.got == "float32[2]")
        #expect(error?.message() == "mat1 and mat2 must have the same dtype, but got Float and Double")
    }

    @Test func namesTheChildWithoutAWeight() throws {
        let layer = try linear()
        layer.weight = nil
        let error = #expect(throws: InChildError.self) { try Sequential(layer)(ones()) }
        #expect(error?.message() == "linear(): argument 'weight' (position 2) must be Tensor, not NoneType")
    }

    @Test func leavesTheErrorOfARootAsItIs() throws {
        #expect(throws: TensorError.self) { try linear()(Tensor.ones([5])) }
        #expect(throws: Failure("boom")) { try Scaling(failing: Failure("boom"))(ones()) }
    }

    @Test func carriesTheErrorOfAHookOfAChild() throws {
        let network = try network()
        let child = try #require(network.submodule(at: "body.0"))
        child.registerForwardHook { _, _, _ in throw Failure("hook") }
        let error = #expect(throws: InChildError.self) { try network(Tensor.ones([4])) }
        #expect(error?.path == "body.0")
        #expect(error?.underlying as? Failure == Failure("hook"))
        #expect(error?.message() == "hook")
    }

    @Test func letsCancellationThroughUnchanged() throws {
        let network = try Sequential(Scaling(failing: CancellationError()))
        #expect(throws: CancellationError.self) { try network(ones()) }
    }
}
