/// The sizes of a tensor's axes, outermost first; empty for a scalar.
///
/// A shape that exists is possible: no axis is negative, and the product of any of the axes that are not 0 fits an `Int`.
public struct Shape: Sendable, Hashable {
    /// The sizes.
    public let dimensions: [Int]
    /// The product of the sizes.
    public let elementCount: Int

    /// Creates a shape from sizes that may come from a client.
    /// - Throws: `TensorError` with PyTorch's text for a negative size or an overflowing product.
    public init(checking dimensions: [Int]) throws(TensorError) {
        guard dimensions.count <= Self.maximumRank else { throw .tooManyAxes(dimensions.count) }
        var (product, overflows, isEmpty) = (1, false, false)
        for size in dimensions {
            guard size >= 0 else { throw .negativeDimension(size, shape: dimensions) }
            let (next, overflow) = product.multipliedReportingOverflow(by: Swift.max(size, 1))
            (product, overflows, isEmpty) = (next, overflows || overflow, isEmpty || size == 0)
        }
        guard !overflows else { throw .storageOverflow(shape: dimensions) }
        self.dimensions = dimensions
        elementCount = isEmpty ? 0 : product
    }

    /// Creates a shape whose product is known.
    init(_ dimensions: [Int], elementCount: Int) {
        self.dimensions = dimensions
        self.elementCount = elementCount
    }

    /// The most axes that a tensor can have: `torch.tensor`'s limit.
    public static let maximumRank = 128

    /// The shape of a scalar.
    public static let scalar = Shape([], elementCount: 1)

    /// The number of axes.
    public var rank: Int { dimensions.count }
}

extension Shape: RandomAccessCollection {
    /// The position of the outermost axis.
    public var startIndex: Int { 0 }
    /// The position after the innermost axis.
    public var endIndex: Int { dimensions.count }
    /// Accesses the size of the axis at `position`, which must exist.
    public subscript(position: Int) -> Int { dimensions[position] }
}

extension Shape: ExpressibleByArrayLiteral {
    /// Creates a shape written in source; an impossible one is a programming error.
    public init(arrayLiteral dimensions: Int...) {
        do {
            try self.init(checking: dimensions)
        } catch {
            preconditionFailure(error.message())
        }
    }
}

extension Shape: CustomStringConvertible {
    /// PyTorch's text, for example `torch.Size([2, 3])`.
    public var description: String { "torch.Size(\(dimensions))" }
}
