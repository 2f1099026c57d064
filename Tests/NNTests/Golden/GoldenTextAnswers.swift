import OrderedCollections
import Tensors

@testable import NN

/// The golden cases G (how tensors print) and I (what errors say).
enum GoldenTextAnswers {
    static let prints = texts.mapValues(print)
    static let errors = failures.mapValues(fail)

    private static func print(_ text: @escaping @Sendable () throws -> String) -> GoldenAnswering {
        { _ in ["repr": .text(try text())] }
    }

    /// What the error says that `body` throws.
    private static func fail(_ body: @escaping @Sendable () throws -> Void) -> GoldenAnswering {
        { _ in
            do {
                try body()
                return [:]
            } catch let error as TensorError {
                return ["error_type": .text(error.kind.rawValue), "error_text": .text(error.message(.ambient))]
            } catch let error as ModuleError {
                return ["error_type": .text(error.kind.rawValue), "error_text": .text(error.message(.ambient))]
            }
        }
    }

    private static func tensor(_ numbers: Float...) throws -> Tensor { try Tensor(numbers) }

    private static func range(_ count: Int, _ shape: Shape, dividedBy divisor: Double) throws -> Tensor {
        try Tensor((0..<count).map { Float($0) }, shape: shape) / divisor
    }

    private static let texts: [String: @Sendable () throws -> String] = [
        "G01": { try Tensor([1, 2, 3] as [Int64]).description },
        "G02": { try Tensor(scalar: 3.5 as Float).description },
        "G03": { try tensor().description },
        "G04": { try Tensor.zeros([2, 0]).description },
        "G05": { try tensor(1, 2, 3).description },
        "G06": { try tensor(0.1, -0.25, 100).description },
        "G07": { try tensor(1.5, .nan, .infinity, -.infinity).description },
        "G08": { try tensor(1, .nan, -.infinity).description },
        "G09": { try tensor(1e-5, 1).description },
        "G10": { try tensor(1e9, 1).description },
        "G11": { try tensor(0.5, 1000).description },
        "G12": { try tensor(0.001, 1.5).description },
        "G13": { try tensor(1, 1001).description },
        "G14": { try tensor(1, 1000).description },
        "G15": { try tensor(123456, 1).description },
        "G16": { try Tensor([1, 2, 3.5, -4] as [Float], shape: [2, 2]).description },
        "G17": { try range(8, [2, 2, 2], dividedBy: 1).description },
        "G18": { try Tensor((0..<1001).map { Int64($0) }).description },
        "G19": { try range(1001, [1001], dividedBy: 1).description },
        "G20": { try range(2000, [40, 50], dividedBy: 7).description },
        "G21": { try range(30, [30], dividedBy: 3).description },
        "G22": {
            // There were no truth values in PyTorch 1.0.1.
            try Compatibility.ambient == .current
                ? Tensor([true, false]).description : Tensor([1, 0] as [UInt8]).description
        },
        "G23": { try Tensor([1, 2] as [Double]).description },
        "G24": { try tensor(0, 0).description },
        "G25": { try tensor(-0.0).description },
        "G26": { try Parameter(tensor(1, 2)).description },
        "G27": { try tensor(1, 2).requiringGrad().description },
        "G28": { try (Tensor(scalar: 2 as Float).requiringGrad() * 2).description },
        "G29": { try tensor(1.00005).description },
        "G30": { try tensor(0.12345).description },
        "G31": { try tensor(Float(2.5e-39 as Double)).description },
        "G32": { try Tensor.zeros([3], dtype: .int32).description },
        "G33": { try Tensor.zeros([0], dtype: .int64).description },
        "G34": { try (Tensor.ones([1, 20]).requiringGrad() * 0.5).description },
    ]

    private static func call(bias: Bool = true, _ input: Tensor) throws {
        _ = try Linear(inFeatures: 4, outFeatures: 3, bias: bias)(input)
    }

    private static let failures: [String: @Sendable () throws -> Void] = [
        "I01": { try call(Tensor.ones([5])) },
        "I02": { try call(Tensor.ones([2, 5])) },
        "I03": { try call(Tensor.ones([2, 3, 5])) },
        "I04": { try call(Tensor(scalar: 1 as Float)) },
        "I05": { try call(Tensor.ones([2, 4], dtype: .float64)) },
        "I06": { try call(bias: false, Tensor.ones([2, 4], dtype: .float64)) },
        "I07": { try call(Tensor([1, 2, 3, 4] as [Int64])) },
        "I08": { try Linear(inFeatures: 4, outFeatures: 3).assign(Tensor.ones([3, 4]), to: "weight") },
        "I09": { _ = try Tensor(nested: .list([.list([.int(1), .int(2)]), .list([.int(3)])])) },
        "I10": { _ = try Tensor.ones([3, 4]).matmul(tensor(1, 2)) },
        "I11": {
            try Linear(inFeatures: 2, outFeatures: 3)
                .loadStateDict(["weight": Tensor.ones([2, 3]), "x": Tensor.ones([4])])
        },
        "I12": { _ = try Module()(tensor(1)) },
    ]
}
