import Synchronization
import Tensors
import Testing

struct AutogradTests {
    private let x: Tensor

    init() throws {
        x = try Tensor([1, 2, 3] as [Float]).requiringGrad()
    }

    @Test func addsUpInLeaves() throws {
        try (x * x).sum().backward()
        #expect(x.grad?.scalars(as: Float.self) == [2, 4, 6])
        try (x * 2).sum().backward()
        #expect(x.grad?.scalars(as: Float.self) == [4, 6, 8])
        x.clearGrad()
        #expect(x.grad == nil)
    }

    @Test func sharesAGradientAmongCopies() throws {
        let copy = x
        try x.sum().backward()
        #expect(copy.grad?.scalars(as: Float.self) == [1, 1, 1])
        #expect(x.detached().grad == nil)
        #expect(try x.requiringGrad().grad == nil)
    }

    @Test func passesGradientsAtNaNAsPyTorchDoes() throws {
        let nan = try Tensor([Float.nan]).requiringGrad()
        try nan.elu().sum().backward()
        #expect(nan.grad?.scalars(as: Float.self) == [1])
        nan.clearGrad()
        try nan.softplus().sum().backward()
        #expect(nan.grad?.scalars(as: Float.self).first?.isNaN == true)
    }

    /// Numbers of PyTorch 2.13, which rounds alpha to float32 in gradients of every dtype.
    @Test(
        arguments: [
            (0.1, 0.6065306551936278), (-1, 1.0512710963760241), (.infinity, .nan), (.nan, .nan),
        ] as [(Double, Double)]
    )
    func passesGradientsThroughCELUAsPyTorchDoes(alpha: Double, expected: Double) throws {
        let numbers = try Tensor([-0.05, 1] as [Double]).requiringGrad()
        try numbers.celu(alpha: alpha).sum().backward()
        let gradients = try #require(numbers.grad?.scalars(as: Double.self))
        #expect(abs(gradients[0] - expected) < 1e-15 || gradients[0].isNaN && expected.isNaN, "\(gradients)")
        #expect(gradients[1] == 1)
    }

    @Test func reportsWhatItIs() throws {
        let y = try x * 2
        #expect(x.isLeaf && x.requiresGrad && x.gradFn == nil)
        #expect(!y.isLeaf && y.requiresGrad && y.gradFn?.name.current == "MulBackward0")
        #expect(y.gradFn?.nextNodes.first??.name.current == "AccumulateGrad")
        #expect(try !x.requiringGrad(false).requiresGrad)
        #expect(throws: TensorError.cannotRequireGradient) { try Tensor([1] as [Int64]).requiringGrad() }
    }

    @Test func refusesToStartWithoutAScalar() throws {
        let y = try x * 2
        #expect(throws: TensorError.gradientNeedsScalar) { try y.backward() }
        #expect(throws: TensorError.nothingRequiresGradient(index: 0)) { try x.detached().sum().backward() }
        #expect(throws: TensorError.gradientShape(index: 0, gradient: [2], output: [3])) {
            try y.backward(gradient: .ones([2]))
        }
        let error = TensorError.gradientShape(index: 0, gradient: [3], output: [2, 1])
        let text = "a shape of torch.Size([3]) and output[0] has a shape of torch.Size([2, 1])."
        #expect(error.message() == "Mismatch in shape: grad_output[0] has " + text)
    }

    @Test func refusesASecondPassThroughFreedTensors() throws {
        let y = try (x * x).sum()
        try y.backward(retainGraph: true)
        try y.backward()
        #expect(x.grad?.scalars(as: Float.self) == [4, 8, 12])
        #expect(throws: TensorError.secondBackward) { try y.backward() }
    }

    /// Nodes that keep nothing of the forward pass can run again, as in PyTorch.
    @Test func allowsASecondPassWhereNothingWasSaved() throws {
        let y = try (x + 1).reshaped(to: [3, 1]).negated().transposed().sum()
        try y.backward()
        try y.backward()
        #expect(x.grad?.scalars(as: Float.self) == [-2, -2, -2])
    }

    @Test func recordsNothingWhenTold() throws {
        try Autograd.withoutGradients {
            #expect(try !(x * 2).requiresGrad)
            let y = try Autograd.withGradients { try x * 2 }
            #expect(y.requiresGrad)
        }
        #expect(Autograd.isRecording)
    }

    @Test func keepsInferenceTensorsOutOfGraphs() throws {
        let marked = try Autograd.withInferenceMode { try x * 2 }
        #expect(marked.isInference && !marked.requiresGrad)
        #expect(throws: TensorError.inferenceSaved) { try x * marked }
        #expect(try (x + marked).requiresGrad)
        #expect(try !Autograd.withoutGradients { try x * 2 }.isInference)
    }

    @Test func theModeBelongsToTheThread() async {
        let elsewhere = await Autograd.withoutGradients { Task.detached { Autograd.isRecording } }.value
        #expect(elsewhere)
    }

    @Test func theModeEndsWithAnError() throws {
        #expect(throws: CancellationError.self) {
            try Autograd.withInferenceMode { try Autograd.withGradients { throw CancellationError() } }
        }
        #expect(Autograd.isRecording)
        #expect(try !(x * 2).isInference)
    }

    @Test func givesGradientsWithoutAccumulating() throws {
        let w = try Tensor([4, 5, 6] as [Float]).requiringGrad()
        let middle = try x * w
        let results = try Autograd.gradients(of: [middle.sum()], withRespectTo: [w, middle, x])
        #expect(results.map { $0?.scalars(as: Float.self) } == [[1, 2, 3], [1, 1, 1], [4, 5, 6]])
        #expect(x.grad == nil && w.grad == nil)
    }

    @Test func namesInputsOutsideTheGraph() throws {
        let other = try Tensor([1] as [Float]).requiringGrad()
        let y = try x.sum()
        #expect(throws: TensorError.unusedInput(index: 1)) {
            try Autograd.gradients(of: [y], withRespectTo: [x, other])
        }
        let results = try Autograd.gradients(of: [y], withRespectTo: [other], allowUnused: true)
        #expect(results.count == 1 && results[0] == nil)
        #expect(throws: TensorError.targetRequiresNoGradient) {
            try Autograd.gradients(of: [y], withRespectTo: [x.detached()])
        }
    }

    @Test func addsUpSeveralOutputs() throws {
        let y = try x * x
        let factors = try Tensor([1, 10, 100] as [Float])
        let results = try Autograd.gradients(of: [y.sum(), y], gradOutputs: [nil, factors], withRespectTo: [x])
        #expect(results[0]?.scalars(as: Float.self) == [4, 44, 606])
    }

    @Test func fitsGradientsToStretchedAndConvertedInputs() throws {
        let column = try Tensor([1, 2] as [Float], shape: [2, 1]).requiringGrad()
        let wide = try Tensor([1, 2, 3] as [Double]).requiringGrad()
        let y = try column * wide
        #expect(y.dtype == .float64)
        try y.sum().backward()
        #expect(column.grad?.dtype == .float32 && column.grad?.shape == [2, 1])
        #expect(column.grad?.scalars(as: Float.self) == [6, 6])
        #expect(wide.grad?.scalars(as: Double.self) == [3, 3, 3])
    }
}

/// The order in which nodes run, and the functions that watch them.
struct GradientNodeTests {
    @Test func runsTheLatestNodeFirst() throws {
        let order = Log()
        let x = try Tensor([1] as [Float]).requiringGrad()
        let branches = try (0..<4).map { number in
            let y = try x * Double(number)
            y.gradFn?.registerHook { _, _ in
                order.append("\(number)")
                return nil
            }
            return y
        }
        try (branches[2] + branches[0] + branches[3] + branches[1]).backward()
        #expect(order.entries == ["3", "2", "1", "0"])
        #expect(x.grad?.scalars(as: Float.self) == [6])
    }

    @Test func waitsForEveryUseOfAResult() throws {
        let x = try Tensor([2] as [Float]).requiringGrad()
        let square = try x * x
        try (square * square + square).backward()
        #expect(x.grad?.scalars(as: Float.self) == [36])
    }

    @Test func hooksSeeAndReplaceGradients() throws {
        let seen = Log()
        let weight = try Tensor([1, 2, 3, 4] as [Float], shape: [2, 2]).requiringGrad()
        let bias = try Tensor([0.5, -0.5] as [Float]).requiringGrad()
        let x = try Tensor([1, 1] as [Float], shape: [1, 2]).requiringGrad()
        let y = try x.linear(weight: weight, bias: bias)
        y.gradFn?.registerPreHook { gradients in [try gradients[0].map { try $0 * 2 }] }
        y.gradFn?.registerHook { inputs, outputs in
            seen.append(
                (inputs + outputs).map { $0.map { "\($0.scalars(as: Float.self))" } ?? "nil" }.joined(separator: " ")
            )
            return [inputs[0], try inputs[1].map { try $0 * 10 }, inputs[2]]
        }
        try y.backward(gradient: .ones([1, 2]))
        #expect(seen.entries == ["[2.0, 2.0] [8.0, 12.0] [2.0, 2.0, 2.0, 2.0] [2.0, 2.0]"])
        #expect(x.grad?.scalars(as: Float.self) == [80, 120])
        #expect(bias.grad?.scalars(as: Float.self) == [2, 2])
    }

    @Test func standsOneNodeOverSeveralTensors() throws {
        let x = try Tensor([1, 2] as [Float]).requiringGrad()
        let plain = try Tensor([3] as [Float])
        let outputs = Autograd.custom(
            name: NodeName("BackwardHookFunctionBackward"),
            inputs: [x, plain],
            outputs: [x, plain]
        ) { gradients, needs in
            #expect(needs[0] && !needs[1])
            return gradients
        }
        #expect(outputs[0].gradFn === outputs[1].gradFn)
        #expect(outputs[0].gradFn?.name.current == "BackwardHookFunctionBackward")
        try (outputs[0] * 3).sum().backward()
        #expect(x.grad?.scalars(as: Float.self) == [3, 3])
        let untouched = Autograd.custom(name: NodeName("N"), inputs: [plain], outputs: [plain]) { gradients, _ in
            gradients
        }
        #expect(!untouched[0].requiresGrad)
    }

    @Test func carriesErrorsOfRulesOut() throws {
        struct Refusal: Error {}
        let x = try Tensor([1] as [Float]).requiringGrad()
        let y = Autograd.custom(name: NodeName("N"), inputs: [x], outputs: [x]) { _, _ in throw Refusal() }
        #expect(throws: Refusal.self) { try y[0].backward() }
    }

    /// Neither the walk nor the end of a long chain may use the stack.
    @Test func survivesChainsOfAHundredThousandNodes() throws {
        let x = try Tensor([1] as [Float]).requiringGrad()
        var y = x
        for _ in 0..<100_000 { y = try y + 1 }
        try y.backward()
        #expect(x.grad?.scalars(as: Float.self) == [1])
    }

    @Test func accumulatesFromManyTasks() async throws {
        let x = try Tensor([1] as [Float]).requiringGrad()
        try await withThrowingTaskGroup { group in
            for _ in 0..<64 { group.addTask { try (x * 3).backward() } }
            try await group.waitForAll()
        }
        #expect(x.grad?.scalars(as: Float.self) == [192])
    }

    private final class Log: Sendable {
        private let lines = Mutex<[String]>([])
        var entries: [String] { lines.withLock { $0 } }
        func append(_ line: String) { lines.withLock { $0.append(line) } }
    }
}
