import Tensors
import Testing

/// Sizes of windows and images that no memory holds: errors, never traps.
struct HostileWindowsTests {
    private static let huge = [Int.max, Int.max - 1, 1 << 62, 1 << 40, -1, 0, Int.min]

    private static func image() throws -> Tensor { try Tensor.ones([1, 1, 4, 4]) }

    @Test(arguments: huge) func survivesAnyStepOfAConvolution(size: Int) throws {
        let weight = try Tensor.ones([1, 1, 2, 2])
        for field in 0..<4 {
            var (stride, padding, dilation, ending) = ([1, 1], [0, 0], [1, 1], [0, 0])
            switch field {
            case 0: stride[0] = size
            case 1: padding[1] = size
            case 2: dilation[0] = size
            default: ending[1] = size
            }
            let steps = ConvolutionSteps(
                stride: stride,
                padding: .zeros(padding),
                dilation: dilation,
                outputPadding: ending
            )
            _ = try? Self.image().convolution(weight: weight, steps: steps)
            _ = try? Self.image().transposedConvolution(weight: weight, steps: steps)
            let same = ConvolutionSteps(stride: [1, 1], padding: .same, dilation: dilation)
            _ = try? Self.image().convolution(weight: weight, steps: same)
        }
    }

    @Test(arguments: huge) func survivesAnyStepOfAPool(size: Int) throws {
        for field in 0..<4 {
            for other in Self.huge + [1, 2, 5] {
                for isCeiled in [false, true] {
                    var (kernel, stride, padding, dilation) = ([2, 2], [other, 1], [other, 0], [1, 1])
                    switch field {
                    case 0: kernel[0] = size
                    case 1: stride[0] = size
                    case 2: padding[0] = size
                    default: dilation[0] = size
                    }
                    let steps = PoolSteps(
                        kernel: kernel,
                        stride: stride,
                        padding: padding,
                        dilation: dilation,
                        isCeiled: isCeiled
                    )
                    _ = try? Self.image().maxPool(steps)
                    _ = try? Self.image().averagePool(steps)
                    _ = try? Self.image().unfolded(steps)
                    _ = try? Tensor.ones([1, 4, 4]).folded(to: [other, 4], steps)
                }
            }
        }
    }

    @Test(arguments: huge) func survivesAnySizeOfAnImage(size: Int) throws {
        for image in [try Self.image(), try Tensor.zeros([0, 1, 4, 4])] {
            _ = try? image.adaptiveAveragePool([size, 2])
            _ = try? image.adaptiveMaxPool([2, size])
            _ = try? image.interpolated(Interpolation(.nearest, .sizes([size, 2])))
            _ = try? image.interpolated(Interpolation(.bilinear, .factors([Double(size), 2])))
            _ = try? image.pixelShuffle(factor: size)
            _ = try? image.pixelUnshuffle(factor: size)
            _ = try? image.channelShuffle(groups: size)
            _ = try? image.unflattened(1, [size, -1])
            _ = try? image.groupNorm(groups: size)
            for mode in [TensorPadding.Mode.constant(1), .reflect, .replicate, .circular] {
                let amounts = [TensorPadding.Amount(before: size, after: 0), .init(before: 0, after: size)]
                _ = try? image.padded(TensorPadding(mode, amounts))
            }
            for neighbours in [ResponseNorm.Neighbours.around, .crossing] {
                let norm = ResponseNorm(size: size, alpha: 1, beta: 0.5, k: 1, neighbours: neighbours)
                _ = try? image.responseNorm(norm)
            }
        }
    }

    @Test func survivesFactorsThatAreNoNumbers() throws {
        for factor in [Double.nan, .infinity, -.infinity, -1, 0, 1e300, 1e-300] {
            for mode in Interpolation.Mode.allCases {
                _ = try? Self.image().interpolated(Interpolation(mode, .factors([factor, factor])))
            }
        }
    }
}
