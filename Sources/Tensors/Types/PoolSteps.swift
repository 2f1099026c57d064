/// How a pool goes over its input.
public struct PoolSteps: Sendable, Equatable {
    /// The extent of a window along each axis, their distance, and the padding on both sides.
    public var kernel, stride, padding: [Int]
    /// The distance of a window's numbers.
    public var dilation: [Int]
    /// Whether windows that lie only partly inside count.
    public var isCeiled: Bool

    /// Creates the steps of a pool.
    public init(kernel: [Int], stride: [Int], padding: [Int], dilation: [Int]? = nil, isCeiled: Bool = false) {
        self.kernel = kernel
        self.stride = stride
        self.padding = padding
        self.dilation = dilation ?? kernel.map { _ in 1 }
        self.isCeiled = isCeiled
    }

    var axes: Int { kernel.count }
}
