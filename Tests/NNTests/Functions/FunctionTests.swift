import OrderedCollections
import Tensors
import Testing

@testable import NN

/// PyTorch's functions as graphs call them: values, dtypes, shapes, gradients and error texts of random calls.
struct FunctionTests {
    @Test(arguments: [
        "elementwise", "reducing", "shaping", "indexing", "products", "making", "sorting", "types", "layers", "images",
    ])
    func answersAsPyTorch(family: String) throws {
        for row in try FunctionRow.load(family) {
            do {
                try replay(row)
            } catch {
                Issue.record("\(row.testDescription): \(error)")
            }
        }
    }

    private func replay(_ row: FunctionRow) throws {
        let positional = try row.args.map { try $0.made }
        let named = try row.kwargs.mapValues { try $0.made }
        if let expected = row.error {
            let error = #expect(throws: (any Error).self, "\(row.testDescription)") { try call(row, positional, named) }
            // What PyTorch checks in Python, a layer checks here.
            let text = (error as? TensorError)?.message() ?? (error as? ModuleError)?.message()
            #expect(text == expected.text, "\(row.testDescription)")
            if let error = error as? TensorError {
                #expect(error.kind.rawValue == expected.kind, "\(row.testDescription)")
            }
            return
        }
        let output = try call(row, positional, named)
        try expect(output, row.output ?? .value(.none), row)
        guard let gradients = row.gradients else { return }
        let leaves = (positional + named.keys.sorted().compactMap { named[$0] }).flatMap(\.tensors)
            .filter(\.requiresGrad)
        try expectGradients(gradients, of: output.tensors.filter(\.requiresGrad), leaves, row)
    }

    private func call(_ row: FunctionRow, _ args: [NN.Value], _ kwargs: [String: NN.Value]) throws -> NN.Value {
        let type = try #require(FunctionType.all[row.function])
        var args = args
        if let gathering = type.gathering, args.count > gathering {
            args[gathering...] = [.tuple(Array(args[gathering...]))]
        }
        let bound = try type.bind(args, OrderedDictionary(uniqueKeysWithValues: kwargs.map { ($0, $1) }))
        let values = zip(type.parameters, bound).map { $1 ?? $0.defaultValue ?? .none }
        return try CallContext(generator: Generator(seed: row.seed ?? 0)).run { try type(values) }
    }

    private func expectGradients(
        _ recorded: [RecordedTensor?],
        of outputs: [Tensor],
        _ leaves: [Tensor],
        _ row: FunctionRow
    ) throws {
        guard !outputs.isEmpty, !leaves.isEmpty else {
            // No gradient and zeros say the same.
            let numbers = try recorded.flatMap { try $0?.tensor.scalars(as: Double.self) ?? [] }
            #expect(numbers.allSatisfy { $0 == 0 }, "\(row.testDescription)")
            return
        }
        let got = try Autograd.gradients(
            of: outputs,
            gradOutputs: outputs.map { try Self.ramp(like: $0) },
            withRespectTo: leaves,
            allowUnused: true
        )
        for (index, (gradient, expected)) in zip(got, recorded).enumerated() {
            let comment = "gradient \(index) of \(row.testDescription)"
            guard let gradient, let expected else {
                let numbers = (try expected?.tensor ?? gradient)?.scalars(as: Double.self) ?? []
                #expect(numbers.allSatisfy { $0 == 0 }, "\(comment)")
                continue
            }
            // Going backward with halves, PyTorch rounds between steps where we round once.
            try expect(gradient, expected, comment, slack: row.isRough ? 2e-2 : 0)
        }
    }

    private func expect(_ output: NN.Value, _ recorded: RecordedValue, _ row: FunctionRow) throws {
        switch (output, recorded) {
        case (.tensor(let got), .tensor(let expected, _)):
            let isComposed =
                ["scaled_dot_product_attention", "logsumexp", "adaptive_avg_pool3d"].contains(row.function)
                && row.isRough
            try expect(got, expected, row.testDescription, slack: isComposed ? 2e-2 : 0)
        case (.tuple(let got), .tuple(let expected)), (.list(let got), .list(let expected)),
            (.tuple(let got), .list(let expected)):
            #expect(got.count == expected.count, "\(row.testDescription)")
            for (got, expected) in zip(got, expected) { try expect(got, expected, row) }
        case (.integer(let got), .value(.integer(let expected))): #expect(got == expected, "\(row.testDescription)")
        case (.bool(let got), .value(.bool(let expected))): #expect(got == expected, "\(row.testDescription)")
        case (.float(let got), .value(.float(let expected))): #expect(got == expected, "\(row.testDescription)")
        default: Issue.record("\(row.testDescription): got \(output), expected \(recorded)")
        }
    }

    private func expect(_ got: Tensor, _ recorded: RecordedTensor, _ comment: String, slack: Double = 0) throws {
        let wanted = try recorded.tensor
        #expect(got.dtype == wanted.dtype, "\(comment)")
        #expect(got.shape == wanted.shape, "\(comment)")
        let (relative, absolute) = Self.tolerance(of: wanted.dtype)
        let numbers = (got.scalars(as: Double.self), wanted.scalars(as: Double.self))
        let areClose = zip(numbers.0, numbers.1).allSatisfy { got, wanted in
            got == wanted || (got.isNaN && wanted.isNaN)
                || abs(got - wanted) <= absolute + slack + (relative + slack) * abs(wanted)
        }
        #expect(areClose, "\(comment): got \(numbers.0), expected \(numbers.1)")
    }

    /// PyTorch's own tolerances for each dtype.
    private static func tolerance(of dtype: DType) -> (relative: Double, absolute: Double) {
        switch dtype {
        case .float32: (2e-6, 1e-5)
        case .float64: (1e-7, 1e-7)
        case .float16: (2e-3, 1e-5)
        case .bfloat16: (1.6e-2, 1e-5)
        default: (0, 0)
        }
    }

    /// The gradient that the generator starts from.
    private static func ramp(like tensor: Tensor) throws -> Tensor {
        let numbers = (0..<tensor.elementCount).map { Double((7 * $0) % 23 - 11) / 8 }
        return try Tensor(numbers, shape: tensor.shape).converted(to: tensor.dtype)
    }
}
