import OrderedCollections
import Tensors
import Testing

@testable import NN

/// Every class with arguments and inputs of any size, as a client may give them: an answer or an error, never a trap; and
/// what `outputSpec` foretells is what comes.
struct RandomLayerTests {
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

    // Small sizes, so that many fit, and a few that nothing fits.
    private static let sizes: [Int64] = [
        1, 1, 1, 2, 2, 2, 2, 3, 3, 4, 0, 0, -1, -2, 7, 1 << 31, 1 << 62, .max, .min,
    ]
    private static let numbers = [0, 0.5, 1, 2, -1, 1e-5, 1e30, .nan, .infinity]
    private static let texts = [
        "relu", "gelu", "tanh", "none", "same", "valid", "reflect", "circular", "replicate", "zeros", "mean", "sum",
        "max",
        "nearest", "bilinear", "linear", "bicubic", "trilinear", "area", "foo",
    ]
    private static let shapes: [[Int]] = [
        [], [0], [2], [4], [2, 2], [3, 2], [2, 0], [0, 2], [1, 1], [2, 3, 4], [4, 2, 2], [1, 2, 5], [2, 2, 0],
        [0, 2, 3],
        [2, 2, 3, 3], [1, 4, 4, 4], [2, 2, 5, 4], [0, 2, 3, 3], [1, 2, 3, 3, 3], [2, 2, 4, 4, 4], [2, 1, 2, 2, 2, 2],
    ]

    private static func size(_ source: inout Source) -> NN.Value {
        .integer(sizes.randomElement(using: &source) ?? 1)
    }

    private static func list(_ count: Int, _ source: inout Source) -> NN.Value {
        .list((0..<count).map { _ in size(&source) })
    }

    private static func value(_ kind: ModuleParameter.Kind, _ source: inout Source) -> NN.Value {
        let isNone = Int.random(in: 0..<4, using: &source) == 0
        let isList = Bool.random(using: &source)
        let text = NN.Value.string(texts.randomElement(using: &source) ?? "")
        let number = NN.Value.float(numbers.randomElement(using: &source) ?? 0)
        return switch kind {
        case .int: size(&source)
        case .optionalInt: isNone ? .none : size(&source)
        case .number, .numbers: number
        case .optionalNumber, .optionalNumbers: isNone ? .none : number
        case .flag: .bool(isList)
        case .optionalFlag: isNone ? .none : .bool(isList)
        case .text: text
        case .sizes, .tuple: list(Int.random(in: 0...3, using: &source), &source)
        case .optionalSizes: isNone ? .none : list(Int.random(in: 1...3, using: &source), &source)
        case .sizesOrText: isNone ? text : size(&source)
        case .axisSizes(let axes): isList ? list(axes, &source) : size(&source)
        case .optionalAxisSizes(let axes): isNone ? .none : isList ? list(axes, &source) : size(&source)
        case .axisSizesOrText(let axes): isNone ? text : isList ? list(axes, &source) : size(&source)
        case .outputSizes(let axes): isNone ? .none : isList ? list(axes, &source) : size(&source)
        case .shapes, .namedShapes: .list([])
        }
    }

    private static func module(_ type: ModuleType, _ source: inout Source) -> Module? {
        var given: OrderedDictionary<String, NN.Value> = [:]
        for parameter in type.parameters {
            let isLeftOut = parameter.defaultValue != nil && Int.random(in: 0..<10, using: &source) < 6
            if !isLeftOut { given[parameter.name] = value(parameter.kind, &source) }
        }
        guard let arguments = try? ModuleArguments(given, for: type),
            // What a server checks before it makes anything.
            type.tensors(arguments).allSatisfy({ isSmall($0.sizes) })
        else { return nil }
        return try? Tensor.withByteLimit(1 << 22) {
            try type.make(arguments, .float32, Generator(seed: 1))
        }
    }

    private static func isSmall(_ sizes: [Int]) -> Bool {
        sizes.reduce(1) { count, size in
            let (product, overflow) = count.multipliedReportingOverflow(by: size)
            return overflow ? .max : product
        } <= 1 << 16
    }

    private static func input(_ source: inout Source) throws -> NN.Value {
        let shape = try Shape(checking: shapes.randomElement(using: &source) ?? [])
        let isIndex = Int.random(in: 0..<8, using: &source) == 0
        let numbers = (0..<shape.elementCount).map { _ in Double(Int.random(in: -2...3, using: &source)) / 2 }
        let tensor = try Tensor(numbers, shape: shape).converted(to: isIndex ? .int64 : .float32)
        return .tensor(try tensor.requiringGrad(!isIndex && Bool.random(using: &source)))
    }

    @Test(arguments: ModuleType.pyTorch.filter { $0.children == .none }.map(\.name))
    func answersOrRefuses(name: String) throws {
        let type = try #require(ModuleType.pyTorch.first { $0.name == name })
        var source = Source(state: name.utf8.reduce(77) { $0 &* 31 &+ UInt64($1) })
        for _ in 0..<120 {
            guard let module = Self.module(type, &source) else { continue }
            if Bool.random(using: &source) { module.eval() }
            for _ in 0..<6 {
                let first = try Self.input(&source)
                let isSame = Bool.random(using: &source)
                let others = try (1..<max(1, type.inputCount)).map { _ in isSame ? first : try Self.input(&source) }
                let inputs = [first] + others
                let specs = inputs.map { $0.tensor.map { ValueSpec.tensor(TensorSpec(of: $0)) } ?? .unknown }
                let foretold = module.outputSpec(for: specs)
                let output = try? CallMeter.limited(liveBytes: 1 << 24, work: 1 << 24) {
                    try Tensor.withByteLimit(1 << 22) {
                        try CallContext(generator: Generator(seed: 0)).run { try module(Arguments(values: inputs)) }
                    }
                }
                guard let output else { continue }
                expect(foretold, output, "\(module)(\(inputs.compactMap { $0.tensor?.shape }))")
            }
        }
    }

    private func expect(_ foretold: ValueSpec, _ output: NN.Value, _ what: String) {
        switch (foretold, output) {
        case (.tensor(let known), .tensor(let tensor)):
            if let dtype = known.dtype { #expect(dtype == tensor.dtype, "\(what): \(dtype)") }
            guard let shape = known.shape else { return }
            #expect(shape.count == tensor.rank, "\(what): \(shape) for \(tensor.shape)")
            for (extent, size) in zip(shape, tensor.shape) {
                if let number = extent.number { #expect(number == size, "\(what): \(shape) for \(tensor.shape)") }
            }
        case (.tuple(let specs), .tuple(let values)), (.list(let specs), .list(let values)):
            #expect(specs.count == values.count, "\(what)")
            for (spec, value) in zip(specs, values) { expect(spec, value, what) }
        default: break
        }
    }
}
