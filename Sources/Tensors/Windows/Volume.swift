/// Sizes along depth, height and width; where there are fewer axes, the first ones are of no extent.
struct Volume: Sendable, Hashable {
    var depth, height, width: Int

    /// Creates a volume of up to three sizes, with `filling` for the axes in front that are not there.
    init(_ sizes: [Int], filling: Int = 1) {
        let count = sizes.count
        depth = count > 2 ? sizes[count - 3] : filling
        height = count > 1 ? sizes[count - 2] : filling
        width = count > 0 ? sizes[count - 1] : filling
    }

    /// The product of the sizes, which belong to a tensor that exists.
    var count: Int { depth * height * width }

    /// The sizes, outermost first.
    var sizes: [Int] { [depth, height, width] }
}

/// How a kernel goes along the axes of an image: a number for each, outermost first.
struct WindowSteps: Sendable, Equatable {
    var kernel: [Int]
    var stride: [Int]
    /// The rows of padding before and after the image.
    var before: [Int]
    var after: [Int]
    var dilation: [Int]

    init(kernel: [Int], stride: [Int], padding: [Int], dilation: [Int]) {
        (self.kernel, self.stride, self.dilation) = (kernel, stride, dilation)
        (before, after) = (padding, padding)
    }

    /// The number of axes.
    var axes: Int { kernel.count }

    /// The extent of the kernel along `axis` with the gaps in it; `nil` beyond what can be counted.
    func reach(_ axis: Int) -> Int? {
        let (gaps, overflow) = dilation[axis].multipliedReportingOverflow(by: kernel[axis] - 1)
        let (reach, overflow2) = gaps.addingReportingOverflow(1)
        return overflow || overflow2 ? nil : reach
    }

    /// The extent of an image of `size` along `axis` with its padding; `nil` beyond what can be counted.
    func padded(_ size: Int, _ axis: Int) -> Int? {
        let (front, overflow) = size.addingReportingOverflow(before[axis])
        let (whole, overflow2) = front.addingReportingOverflow(after[axis])
        return overflow || overflow2 ? nil : whole
    }
}
