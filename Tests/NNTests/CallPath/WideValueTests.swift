import OrderedCollections
import Tensors
import Testing

@testable import NN

/// Calls that take and give more than one tensor; the numbers and the order are what PyTorch 2.13 gives for the same.
struct WideValueTests {
    /// `forward(self, x, scale=2)` that gives `(x * scale, [x], None, x + 1)`.
    private final class Several: Module {
        static let parameters = [CallParameter("x"), CallParameter("scale", 2)]

        override func forward(_ arguments: Arguments) throws -> NN.Value {
            let given = try arguments.bound(to: Self.parameters, in: self)
            guard let x = given[0].tensor, case .integer(let scale) = given[1] else { return .none }
            return try .tuple([.tensor(x * Double(scale)), .list([.tensor(x)]), .none, .tensor(x + 1)])
        }
    }

    private let log = Log()

    @Test func takesDefaultsNumbersAndNames() throws {
        let module = Several()
        #expect(try module(Arguments(ones())).floats == [2, 2, 1, 1, 2, 2])
        #expect(try module(Arguments(values: [.tensor(ones()), 3])).floats == [3, 3, 1, 1, 2, 2])
        let named: OrderedDictionary<String, NN.Value> = ["scale": 4]
        #expect(try module(Arguments(values: [.tensor(ones())], keyword: named)).floats == [4, 4, 1, 1, 2, 2])
    }

    @Test func forwardHooksSeeAndReplaceTheWholeOutput() throws {
        let module = Several()
        module.registerForwardHookWithKeywords { [log] _, arguments, output in
            log.append("\(arguments.positional.count) \(output.pythonType) \(output.elements?.count ?? 0)")
            return .dictionary(["y": .tensor(output.tensors[2])])
        }
        let output = try module(Arguments(ones()))
        #expect(output.pythonType == "dict")
        #expect(output.floats == [2, 2])
        #expect(log.all == ["1 tuple 4"])
    }

    @Test func aHookOfTensorsRefusesATuple() throws {
        let module = Several()
        module.registerForwardHook { _, _, _ in nil }
        let error = #expect(throws: ModuleError.self) { try module(Arguments(ones())) }
        #expect(error == .hookTakesTensors(type: "Several", got: "tuple"))
    }

    @Test func aCallOfOneTensorRefusesATuple() throws {
        let error = #expect(throws: ModuleError.self) { try Several()(ones()) as Tensor }
        #expect(error == .outputIsNoTensor(type: "Several", got: "tuple"))
    }

    /// PyTorch: `grad_output` has an entry for each value of the tuple, None for what is no tensor.
    @Test func backwardHooksSeeEachTensorOfATuple() throws {
        let module = Several()
        try module.registerFullBackwardHook { [log] _, gradInputs, gradOutputs in
            log.append("\(gradInputs.map { $0?.floats }) \(gradOutputs.map { $0?.floats })")
            return [try gradInputs[0].map { try $0 * 10 }, nil]
        }
        module.registerFullBackwardPreHook { _, gradOutputs in
            try gradOutputs.map { try $0.map { try $0 + 1 } }
        }
        let input = try ones().requiringGrad()
        let output = try module(Arguments(values: [.tensor(input), 3]))
        let sum = try output.tensors[0].sum() + output.tensors[2].sum()
        try sum.backward()
        #expect(log.all == ["[Optional([8.0, 8.0]), nil] [Optional([2.0, 2.0]), nil, nil, Optional([2.0, 2.0])]"])
        #expect(input.grad?.floats == [80, 80])
    }

    @Test func backwardHooksMissAListAndSaySo() throws {
        let module = Several()
        try module.registerFullBackwardHook { _, _, _ in nil }
        module.registerForwardHookWithKeywords { _, _, output in .list(output.elements ?? []) }
        let warnings = Box<[Warning]>([])
        _ = try Warnings.handled(by: { warnings.value.append($0) }) {
            try module(Arguments(ones().requiringGrad()))
        }
        #expect(warnings.value == [.backwardHookMissesOutput("list")])
    }

    @Test func tracesTheFirstTensorOfATuple() throws {
        let tracer = Tracer()
        _ = try quietContext(tracer: tracer).run { try Several()(Arguments(ones())) }
        #expect(tracer.events.filter { $0.kind == .forwardEnd }.map(\.shape) == [[2]])
    }
}
