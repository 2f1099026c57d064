import Tensors

/// The size of an axis as far as it is known before a call: in numbers, or in batches of a size that is not known yet.
public enum Extent: Sendable, Hashable {
    case fixed(Int)
    /// This many for each row of the batch.
    case batch(Int)
    case unknown

    /// Returns the product; unknown when it cannot be said.
    static func * (first: Extent, second: Extent) -> Extent {
        switch (first, second) {
        case (.fixed(let first), .fixed(let second)): checked(first, second).map(Extent.fixed) ?? .unknown
        case (.fixed(let first), .batch(let second)), (.batch(let first), .fixed(let second)):
            checked(first, second).map(Extent.batch) ?? .unknown
        case (.batch, .batch), (.unknown, _), (_, .unknown): .unknown
        }
    }

    /// Returns the quotient if there is no rest, whatever the batch.
    static func / (first: Extent, second: Extent) -> Extent {
        switch (first, second) {
        case (.fixed(let first), .fixed(let second)) where second > 0 && first % second == 0: .fixed(first / second)
        case (.batch(let first), .fixed(let second)) where second > 0 && first % second == 0: .batch(first / second)
        case (.batch(let first), .batch(let second)) where second > 0 && first % second == 0: .fixed(first / second)
        case (.fixed, _), (.batch, _), (.unknown, _): .unknown
        }
    }

    private static func checked(_ first: Int, _ second: Int) -> Int? {
        let (product, overflow) = first.multipliedReportingOverflow(by: second)
        return overflow ? nil : product
    }

    /// The number; `nil` when it depends on the batch or is not known.
    public var number: Int? {
        if case .fixed(let number) = self { number } else { nil }
    }

    /// Whether it grows with the batch.
    var isBatch: Bool {
        if case .batch = self { true } else { false }
    }

    /// Returns the size for a batch of `rows`; `nil` when it is not known.
    public func size(rows: Int) -> Int? {
        switch self {
        case .fixed(let number): number
        case .batch(let number): Self.checked(number, rows)
        case .unknown: nil
        }
    }

    /// Whether it is `number`, as far as is known.
    func isOr(_ number: Int) -> Bool { self == .unknown || self == .fixed(number) || isBatch }

    /// Returns what is left when `count` is added.
    func plus(_ count: Int) -> Extent {
        guard case .fixed(let number) = self else { return count == 0 ? self : .unknown }
        let (sum, overflow) = number.addingReportingOverflow(count)
        return overflow || sum < 0 ? .unknown : .fixed(sum)
    }

    /// Returns the number of windows over an axis of `size`.
    static func window(
        _ size: Int,
        kernel: Int,
        stride: Int,
        padding: Int,
        dilation: Int,
        isCeiled: Bool = false
    ) -> Extent {
        let limit = 1 << 40
        guard [size, kernel, stride, dilation].allSatisfy({ $0 > 0 && $0 < limit / 4 }),
            (0..<limit / 4).contains(padding),
            dilation.multipliedReportingOverflow(by: kernel - 1).overflow == false
        else { return .unknown }
        let room = size + 2 * padding - dilation * (kernel - 1) - 1
        guard room >= 0 else { return .unknown }
        var count = (room + (isCeiled ? stride - 1 : 0)) / stride + 1
        // The last window begins inside the image or the padding before it.
        if isCeiled, (count - 1) * stride >= size + padding { count -= 1 }
        return .fixed(count)
    }

    /// Returns the size of what a transposed convolution makes of an axis of `size`.
    static func transposed(
        _ size: Int,
        kernel: Int,
        stride: Int,
        padding: Int,
        dilation: Int,
        extra: Int
    ) -> Extent {
        let limit = 1 << 30
        guard [size, kernel, stride, padding, dilation, extra].allSatisfy({ (0..<limit).contains($0) }) else {
            return .unknown
        }
        let whole = (size - 1) * stride - 2 * padding + dilation * (kernel - 1) + extra + 1
        return whole > 0 ? .fixed(whole) : .unknown
    }
}

extension PoolSteps {
    /// Returns the number of windows along each axis.
    func outputExtents(_ sizes: [Extent]) -> [Extent] {
        zip(sizes, 0...).map { size, axis in
            guard let size = size.number else { return .unknown }
            return .window(
                size,
                kernel: kernel[axis],
                stride: stride[axis],
                padding: padding[axis],
                dilation: dilation[axis],
                isCeiled: isCeiled
            )
        }
    }

    /// The numbers of a window, at least one.
    var area: Int {
        kernel.reduce(1) { product, size in
            let (next, overflow) = product.multipliedReportingOverflow(by: max(1, size))
            return overflow ? .max : next
        }
    }
}
