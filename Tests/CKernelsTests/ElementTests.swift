import CKernels
#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif
import Testing

private typealias ElementMap = @convention(c) (UnsafePointer<Float>, Int, UnsafeMutablePointer<Float>) -> Void

/// Functions of one number: near the truth, and the same wherever a number stands.
struct ElementTests {
    private struct Function: Sendable {
        let name: String
        let kernel: @Sendable (Kernels) -> ElementMap
        let truth: @Sendable (Double) -> Double
    }

    private static let functions = [
        Function(name: "exp", kernel: { $0.table.pointee.exp_f32 }, truth: { exp($0) }),
        Function(name: "tanh", kernel: { $0.table.pointee.tanh_f32 }, truth: { tanh($0) }),
        Function(name: "sigmoid", kernel: { $0.table.pointee.sigmoid_f32 }, truth: { 1 / (1 + exp(-$0)) }),
        Function(name: "silu", kernel: { $0.table.pointee.silu_f32 }, truth: { $0 / (1 + exp(-$0)) }),
        Function(name: "gelu", kernel: { $0.table.pointee.gelu_f32 }, truth: { $0 * erfc(-$0 / 2.0.squareRoot()) / 2 }),
        Function(name: "relu", kernel: { $0.table.pointee.relu_f32 }, truth: { max($0, 0) }),
    ]

    private static let numbers: [Float] =
        (0..<4_003).map { Float($0 - 2_000) / 97 } + [0.625, -0.625, 1e-30, -1e-30, 88, -87]

    @Test(arguments: Kernels.available, 0..<6)
    func areNearTheTruth(kernels: Kernels, index: Int) {
        let function = Self.functions[index]
        var found = [Float](repeating: .nan, count: Self.numbers.count)
        function.kernel(kernels)(Self.numbers, found.count, &found)
        for (number, found) in zip(Self.numbers, found) {
            let truth = function.truth(Double(number))
            // As near as PyTorch's, whose own error function is no better.
            let bound = max(abs(truth) * 3e-7, 5e-7) * (function.name == "gelu" ? 2.2 : 1)
            #expect(abs(Double(found) - truth) <= bound, "\(function.name) of \(number)")
        }
    }

    @Test(arguments: Kernels.available, 0..<6)
    func giveANumberTheSameBitsAnywhere(kernels: Kernels, index: Int) {
        let map = Self.functions[index].kernel(kernels)
        var whole = [Float](repeating: 0, count: 200)
        map(Self.numbers, 200, &whole)
        for first in 0..<40 {
            var part = [Float](repeating: 0, count: 97)
            map(Array(Self.numbers[first..<first + 97]), 97, &part)
            #expect(part.map(\.bitPattern) == whole[first..<first + 97].map(\.bitPattern))
        }
    }

    @Test(arguments: Kernels.available)
    func knowTheEnds(kernels: Kernels) {
        let ends: [Float] = [.infinity, -.infinity, .nan, 200, -200]
        var found = ends
        kernels.table.pointee.exp_f32(ends, 5, &found)
        #expect(found[0] == .infinity && found[1] == 0 && found[2].isNaN && found[3] == .infinity && found[4] == 0)
        kernels.table.pointee.tanh_f32(ends, 5, &found)
        #expect(found[0] == 1 && found[1] == -1 && found[2].isNaN && found[3] == 1 && found[4] == -1)
        kernels.table.pointee.softmax_f32([1, .nan, 2], 3, &found)
        #expect(found[0].isNaN && found[1].isNaN && found[2].isNaN)
    }

    @Test(arguments: Kernels.available, [1, 7, 16, 33])
    func softmaxAddsUpToOne(kernels: Kernels, count: Int) {
        var found = [Float](repeating: 0, count: count)
        kernels.table.pointee.softmax_f32(Self.numbers, count, &found)
        #expect(abs(found.reduce(0, +) - 1) < 1e-5)
    }
}
