import Tensors
import Testing

@testable import NN

/// The numbered cases about full backward hooks.
///
/// Left out, because Swift has no natural form of them:
/// - B20: an output that is a dictionary. A module returns one tensor.
/// - B21: an operation in place behind a module with backward hooks. Tensors are values.
struct BackwardHookTests {
    private let log = Log()
    private let warnings = Box<[String]>([])

    /// Calls the module and goes backward from the sum of the output.
    private func roundTrip(_ module: Module, _ input: Tensor) throws {
        try quietContext().run {
            try Warnings.handled(by: { [warnings] in warnings.value.append($0.message) }) {
                try module(input).sum().backward()
            }
        }
    }

    private func text(_ gradients: [Tensor?]) -> String {
        "\(gradients.map { $0.map { "\($0.floats)" } ?? "None" })"
    }

    private func note(_ entry: String) -> BackwardHook {
        { [log] _, _, _ in
            log.append(entry)
            return nil
        }
    }

    private func notePre(_ entry: String) -> FullBackwardPreHook {
        { [log] _, _ in
            log.append(entry)
            return nil
        }
    }

    @Test("B10") func showsTheGradientsOfInputsAndOutputs() throws {
        let layer = try linear()
        let input = try ones().requiringGrad()
        let identity = ObjectIdentifier(layer)
        try layer.registerFullBackwardHook { [log] module, gradInputs, gradOutputs in
            log.append(
                "\(ObjectIdentifier(module) == identity) \(gradInputs.map(\.?.floats)) \(gradOutputs.map(\.?.floats))"
            )
            return nil
        }
        try roundTrip(layer, input)
        #expect(log.all == ["true [Optional([4.0, 6.0])] [Optional([1.0, 1.0])]"])
        #expect(input.grad?.floats == [4, 6])
    }

    @Test("B11") func firesWithoutInputGradientsAndWarns() throws {
        let layer = try linear()
        try layer.registerFullBackwardHook { [log] _, gradInputs, gradOutputs in
            log.append("\(gradInputs.map { $0 == nil }) \(gradOutputs.map(\.?.floats))")
            return nil
        }
        try roundTrip(layer, ones())
        #expect(log.all == ["[true] [Optional([1.0, 1.0])]"])
        #expect(warnings.value.count == 1)
        #expect(
            warnings.value.first?.hasPrefix(
                "Full backward hook is firing when gradients are computed with respect to module outputs since no "
                    + "inputs require gradients. See "
            ) == true
        )
        #expect(layer.weight?.grad?.floats == [1, 1, 1, 1])
    }

    @Test("B12") func usesTheGradientsOfAHook() throws {
        let layer = try linear()
        let input = try ones().requiringGrad()
        try layer.registerFullBackwardHook { _, gradInputs, _ in
            try Autograd.withoutGradients { [try #require(gradInputs[0]) * 10] }
        }
        try roundTrip(layer, input)
        #expect(input.grad?.floats == [40, 60])
        #expect(layer.weight?.grad?.floats == [1, 1, 1, 1])
    }

    @Test("B13") func refusesAWrongNumberOfInputGradients() throws {
        let layer = try linear()
        try layer.registerFullBackwardHook { _, gradInputs, _ in gradInputs + gradInputs }
        let input = try ones().requiringGrad()
        let error = #expect(throws: ModuleError.gradInputCount(expected: 1, got: 2)) { try roundTrip(layer, input) }
        #expect(error?.message() == "Backward hook returned an invalid number of grad_input, got 2, but expected 1")
        #expect(error?.kind == .runtime)
    }

    @Test(
        arguments: [
            ([0, 0, 0], .float32, "hook 'hook' has changed the size of value"),
            (
                [0, 0], .float64,
                "hook 'hook' has changed the type of value (was torch.FloatTensor got torch.DoubleTensor)"
            ),
            ([0], .bool, "hook 'hook' has changed the type of value (was torch.FloatTensor got CPUBoolType)"),
        ] as [([Float], DType, String)]
    )
    func refusesGradientsOfAnotherKind(values: [Float], dtype: DType, text: String) throws {
        let other = try Tensor(values).converted(to: dtype)
        let (before, after) = (try linear(), try linear())
        before.registerFullBackwardPreHook { _, _ in [other] }
        try after.registerFullBackwardHook { _, _, _ in [other] }
        for layer in [before, after] {
            let input = try ones().requiringGrad()
            let error = #expect(throws: ModuleError.self) { try roundTrip(layer, input) }
            #expect(error?.message() == text)
        }
    }

    @Test("B14") func letsAPreHookReplaceTheGradientOfTheOutput() throws {
        let layer = try linear()
        let input = try ones().requiringGrad()
        try layer.registerFullBackwardHook { [log] _, gradInputs, gradOutputs in
            log.append("bw \(gradOutputs.map(\.?.floats)) \(gradInputs.map(\.?.floats))")
            return nil
        }
        layer.registerFullBackwardPreHook { [log] _, gradOutputs in
            log.append("pre \(gradOutputs.map(\.?.floats))")
            return try [#require(gradOutputs[0]) * 2]
        }
        try roundTrip(layer, input)
        #expect(
            log.all == [
                "pre [Optional([1.0, 1.0])]", "bw [Optional([2.0, 2.0])] [Optional([8.0, 12.0])]",
            ]
        )
        #expect(layer.weight?.grad?.floats == [2, 2, 2, 2])
        #expect(layer.bias?.grad?.floats == [2, 2])
    }

    @Test("B15") func refusesAWrongNumberOfOutputGradients() throws {
        let layer = try linear()
        layer.registerFullBackwardPreHook { _, gradOutputs in gradOutputs + gradOutputs }
        let input = try ones().requiringGrad()
        let error = #expect(throws: ModuleError.gradOutputCount(expected: 1, got: 2)) { try roundTrip(layer, input) }
        #expect(
            error?.message() == "Backward pre hook returned an invalid number of grad_output, got 2, but expected 1"
        )
    }

    @Test("B16") func runsGlobalHooksBeforeOwn() async {
        await #expect(processExitsWith: .success) {
            let log = Log()
            let note: @Sendable (String) -> BackwardHook = { entry in
                { _, _, _ in
                    log.append(entry)
                    return nil
                }
            }
            let notePre: @Sendable (String) -> FullBackwardPreHook = { entry in
                { _, _ in
                    log.append(entry)
                    return nil
                }
            }
            let layer = try linear()
            try GlobalHooks.registerFullBackwardHook(note("G.bw"))
            GlobalHooks.registerFullBackwardPreHook(notePre("G.pre"))
            try layer.registerFullBackwardHook(note("m.bw1"))
            try layer.registerFullBackwardHook(prepend: true, note("m.bw0"))
            layer.registerFullBackwardPreHook(notePre("m.pre1"))
            layer.registerFullBackwardPreHook(prepend: true, notePre("m.pre0"))
            try layer(ones().requiringGrad()).sum().backward()
            #expect(log.all == ["G.pre", "m.pre0", "m.pre1", "G.bw", "m.bw0", "m.bw1"])
        }
    }

    @Test("B17") func refusesToMixOldAndFullHooks() throws {
        let full = try linear()
        try full.registerFullBackwardHook(note("full"))
        let old = try linear()
        try old.registerBackwardHook(note("old"))
        let text =
            "Cannot use both regular backward hooks and full backward hooks on a single Module. Please use only one of "
            + "them."
        let errors = [
            #expect(throws: ModuleError.self) { try full.registerBackwardHook(note("")) },
            #expect(throws: ModuleError.self) { try old.registerFullBackwardHook(note("")) },
        ]
        #expect(errors.map { $0?.message() } == [text, text])
    }

    @Test("B17 for global hooks") func refusesToMixOldAndFullGlobalHooks() async {
        await #expect(processExitsWith: .success) {
            try GlobalHooks.registerBackwardHook { _, _, _ in nil }
            let error = #expect(throws: ModuleError.mixedBackwardHooks(isGlobal: true)) {
                try GlobalHooks.registerFullBackwardHook { _, _, _ in nil }
            }
            #expect(
                error?.message() == "Cannot use both regular backward hooks and full backward hooks as a global Module "
                    + "hook. Please use only one of them."
            )
        }
    }

    @Test("B18") func goesBackThroughATreeInReverse() throws {
        let network = try Sequential(named: [("a", linear()), ("b", ReLU()), ("c", linear())])
        for (name, module) in [("S", network as Module)] + network.namedChildren().map({ ($0.name, $0.module) }) {
            module.registerFullBackwardPreHook(notePre("\(name).pre"))
            try module.registerFullBackwardHook(note("\(name).bw"))
        }
        try roundTrip(network, ones().requiringGrad())
        #expect(log.all == ["S.pre", "c.pre", "c.bw", "b.pre", "b.bw", "a.pre", "a.bw", "S.bw"])
    }

    @Test("B19") func putsItsNodesAroundForwardInsideOfTheForwardHooks() throws {
        let layer = try linear()
        try layer.registerFullBackwardHook(note("bw"))
        layer.registerForwardHook { [log] _, inputs, output in
            let names = [inputs[0], output].map { $0.gradFn?.name.text(.current) ?? "None" }
            log.append("\(names)")
            return nil
        }
        let output = try quietContext().run { try layer(ones().requiringGrad()) }
        #expect(log.all == [#"["BackwardHookFunctionBackward", "ViewBackward0"]"#])
        #expect(output.gradFn?.name.text(.current) == "BackwardHookFunctionBackward")
    }

    @Test func refusesAGradientWhereNoInputTakesOne() throws {
        let layer = try linear()
        try layer.registerFullBackwardHook { _, _, gradOutputs in gradOutputs }
        let error = #expect(throws: ModuleError.gradInputWithoutInputs) { try roundTrip(layer, ones()) }
        #expect(
            error?.message()
                == "Backward hook for Modules where no input requires gradient should always return None or None for all "
                + "gradients."
        )
    }

    @Test func addsNoNodesWhenGradientsAreOff() throws {
        let layer = try linear()
        try layer.registerFullBackwardHook(note("bw"))
        let output = try Autograd.withoutGradients { try layer(ones()) }
        #expect(output.gradFn == nil)
    }
}
