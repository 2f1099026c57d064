import NN
import Tensors
import Testing

struct ParameterTests {
    private let slot = Slot<Parameter>()
    private let layer: Linear

    init() throws {
        layer = try Linear(inFeatures: 2, outFeatures: 1)
        try layer.registerParameter("scale", Parameter(.ones([2])), in: slot)
    }

    @Test func isComputedWithAsALeafWhileGradientsAreRecorded() throws {
        #expect(slot.operand?.requiresGrad == true)
        try #require(slot.operand).sum().backward()
        #expect(slot.value?.grad?.scalars(as: Float.self) == [1, 1])
    }

    @Test func isComputedWithAsNumbersWhileGradientsAreOff() throws {
        let operand = try #require(Autograd.withoutGradients { slot.operand })
        #expect(!operand.requiresGrad)
        #expect(operand.scalars(as: Float.self) == [1, 1])
        #expect(Autograd.withoutGradients { slot.value?.requiresGrad } == true)
    }

    @Test func isComputedWithAsItIsAfterEveryChange() throws {
        let parameter = try #require(slot.value)
        parameter.tensor = try .full(3 as Float, shape: [2])
        #expect(operands == [[3, 3], [3, 3]])
        parameter.requiresGrad = false
        #expect(slot.operand?.requiresGrad == false)
        try layer.to(.float64)
        #expect(slot.operand?.dtype == .float64 && Autograd.withoutGradients { slot.operand?.dtype } == .float64)
        slot.value?.tensor = try .zeros([2])
        #expect(operands == [[0, 0], [0, 0]])
    }

    private var operands: [[Float]?] {
        [slot.operand, Autograd.withInferenceMode { slot.operand }].map { $0?.scalars(as: Float.self) }
    }
}
