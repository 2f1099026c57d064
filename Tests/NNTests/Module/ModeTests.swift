import Tensors
import Testing

@testable import NN

struct ModeTests {
    @Test func trainsAndEvaluatesTheWholeTree() throws {
        let network = try Sequential(Sequential(ReLU()), Tanh())
        #expect(network.isTraining)
        #expect(network.eval() === network)
        #expect(network.modules().allSatisfy { !$0.isTraining })
        network.train()
        #expect(network.modules().allSatisfy { $0.isTraining })
    }

    @Test func appliesToChildrenFirstAndToSharedOnesOncePerParent() throws {
        let shared = ReLU()
        let network = try Sequential(Sequential(shared, shared), shared)
        let log = Log()
        network.apply { log.append("\($0.typeName)\(($0 as? Sequential)?.count ?? 0)") }
        #expect(log.all == ["ReLU0", "Sequential2", "ReLU0", "Sequential2"])
    }

    @Test func convertsFloatsAndKeepsIntegersAndObjects() throws {
        let layer = try linear()
        try layer.registerBuffer("count", Tensor(scalar: 3 as Int64))
        try layer.registerBuffer("mean", ones())
        let weight = layer.weight
        try layer(ones()).sum().backward()
        try layer.to(.float64)
        #expect(layer.weight === weight)
        #expect(layer.weight?.tensor.dtype == .float64)
        #expect(layer.weight?.grad?.dtype == .float64)
        #expect(layer.weight?.requiresGrad == true)
        #expect(layer.buffer(at: "count")?.dtype == .int64)
        #expect(layer.buffer(at: "mean")?.dtype == .float64)
    }

    @Test func refusesToConvertToIntegers() throws {
        let error = #expect(throws: ModuleError.convertsToIntegers(.int64)) { try linear().to(.int64) }
        #expect(
            error?.message()
                == "nn.Module.to only accepts floating point or complex dtypes, but got desired dtype=torch.int64"
        )
        #expect(error?.kind == .type)
    }

    @Test func addsUpGradientsUntilTheyAreCleared() throws {
        let layer = try linear()
        for _ in 0..<2 { try layer(ones()).sum().backward() }
        #expect(layer.weight?.grad?.floats == [2, 2, 2, 2])
        layer.weight?.tensor = try Tensor.zeros([2, 2])
        try layer(ones()).sum().backward()
        #expect(layer.weight?.grad?.floats == [3, 3, 3, 3])
        layer.clearGrad()
        #expect(layer.parameters().allSatisfy { $0.grad == nil })
    }

    @Test func leavesFrozenParametersWithoutGradient() throws {
        let layer = try linear()
        layer.weight?.requiresGrad = false
        try layer(ones()).sum().backward()
        #expect(layer.weight?.grad == nil)
        #expect(layer.bias?.grad?.floats == [1, 1])
        layer.requireGrad(false)
        #expect(try layer(ones()).gradFn == nil)
    }

    @Test func keepsTheGradientOfAParameterThatIsFrozenLater() throws {
        let layer = try linear()
        try layer(ones()).sum().backward()
        layer.weight?.requiresGrad = false
        #expect(layer.weight?.grad?.floats == [1, 1, 1, 1])
        layer.weight?.requiresGrad = true
        #expect(layer.weight?.grad?.floats == [1, 1, 1, 1])
    }
}
