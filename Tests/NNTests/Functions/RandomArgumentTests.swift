import Tensors
import Testing

@testable import NN

/// Every function with arguments of any kind and size, as a client's graph may have them: an answer or an error, never a trap.
struct RandomArgumentTests {
    private struct Source: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }

    private static let shapes: [[Int]] = [
        [], [0], [1], [3], [4], [2, 3], [3, 3], [0, 3], [3, 0], [2, 3, 4], [2, 0, 3], [1, 2, 4, 4], [2, 4, 3, 3],
        [4, 2, 2, 2],
        [1, 2, 3, 3, 3],
    ]
    private static let dtypes: [DType] = [
        .float32, .float32, .float32, .float64, .float16, .int64, .int32, .bool, .uint8,
    ]
    private static let integers: [Int64] = [0, 1, 1, 2, 2, 3, 4, 7, -1, -1, -2, -7, 1 << 33, -(1 << 33), .max, .min]
    private static let floats = [0, 0.5, 1, -1, 2.5, 1e30, .nan, .infinity, -.infinity]
    private static let texts = [
        "mean", "sum", "max", "none", "nearest", "bilinear", "same", "reflect", "ij,jk->ik", "foo", "",
    ]

    private static func tensor(_ source: inout Source) throws -> Tensor {
        let shape = try Shape(checking: shapes.randomElement(using: &source) ?? [])
        let dtype = dtypes.randomElement(using: &source) ?? .float32
        let numbers = (0..<shape.elementCount).map { _ in Double(Int.random(in: -3...4, using: &source)) / 2 }
        return try Tensor(numbers, shape: shape).converted(to: dtype)
            .requiringGrad(dtype.isFloatingPoint && Bool.random(using: &source))
    }

    private static func value(_ source: inout Source, depth: Int = 0) throws -> NN.Value {
        switch Int.random(in: 0..<(depth < 2 ? 16 : 12), using: &source) {
        case 0...4: .tensor(try tensor(&source))
        case 5...7: .integer(integers.randomElement(using: &source) ?? 0)
        case 8: .float(floats.randomElement(using: &source) ?? 0)
        case 9: .bool(Bool.random(using: &source))
        case 10: Bool.random(using: &source) ? .none : .string(texts.randomElement(using: &source) ?? "")
        case 11:
            [
                .ellipsis, .dtype(dtypes.randomElement(using: &source) ?? .float32),
                .slice(
                    start: integers.randomElement(using: &source),
                    stop: nil,
                    step: integers.randomElement(using: &source)
                ),
            ].randomElement(using: &source) ?? .none
        case 12...13:
            .tuple(
                (0..<Int.random(in: 0...3, using: &source)).map { _ in
                    .integer(integers.randomElement(using: &source) ?? 0)
                }
            )
        case 14: .list(try (0..<Int.random(in: 0...3, using: &source)).map { _ in .tensor(try tensor(&source)) })
        default:
            .tuple(try (0..<Int.random(in: 0...3, using: &source)).map { _ in try value(&source, depth: depth + 1) })
        }
    }

    private static func arguments(of type: FunctionType, _ source: inout Source) throws -> [NN.Value] {
        try type.parameters.enumerated().map { index, parameter in
            if let value = parameter.defaultValue, Int.random(in: 0..<10, using: &source) < 6 { return value }
            if index == 0, Int.random(in: 0..<10, using: &source) < 8 { return .tensor(try tensor(&source)) }
            let given = try value(&source)
            return index == type.gathering ? .tuple([given]) : given
        }
    }

    @Test(arguments: FunctionType.all.keys.sorted()) func answersOrRefuses(name: String) throws {
        let type = try #require(FunctionType.all[name])
        var source = Source(state: name.utf8.reduce(7) { $0 &* 31 &+ UInt64($1) })
        for _ in 0..<400 {
            let values = try Self.arguments(of: type, &source)
            let output = try? CallMeter.limited(liveBytes: 1 << 24, work: 1 << 24) {
                try Tensor.withByteLimit(1 << 22) {
                    try CallContext(generator: Generator(seed: 0)).run { try type(values) }
                }
            }
            guard let output else {
                // What is refused is foretold too, before it is called.
                _ = type.spec.rule(SpecCall(values: values.map(Self.spec)))
                continue
            }
            foretell(type, values, output)
            let roots = output.tensors.filter(\.requiresGrad)
            let leaves = values.flatMap(\.tensors).filter(\.requiresGrad)
            guard !roots.isEmpty, !leaves.isEmpty else { continue }
            _ = try? Autograd.gradients(
                of: roots,
                gradOutputs: roots.map { try .ones($0.shape, dtype: $0.dtype) },
                withRespectTo: leaves,
                allowUnused: true
            )
        }
    }

    /// What is known of a value of which the shape and the type are.
    private static func spec(_ value: NN.Value) -> ValueSpec {
        switch value {
        case .tensor(let tensor): .tensor(TensorSpec(of: tensor))
        case .tuple(let values): .tuple(values.map(spec))
        case .list(let values): .list(values.map(spec))
        default: .constant(value)
        }
    }

    /// What is known before a call holds for whatever answers.
    private func foretell(_ type: FunctionType, _ values: [NN.Value], _ output: NN.Value) {
        let foretold = type.spec.rule(SpecCall(values: values.map(Self.spec)))
        guard case .tensor(let known) = foretold, case .tensor(let tensor) = output, let shape = known.shape else {
            return
        }
        #expect(shape.count == tensor.rank, "\(type.name)(\(values)): \(shape) for \(tensor.shape)")
        for (extent, size) in zip(shape, tensor.shape) {
            if let number = extent.number {
                #expect(number == size, "\(type.name)(\(values)): \(shape) for \(tensor.shape)")
            }
        }
        if let dtype = known.dtype { #expect(dtype == tensor.dtype, "\(type.name)(\(values)): \(dtype)") }
    }
}
