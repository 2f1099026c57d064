internal import CThread

/// A dense array of numbers in row-major order, as PyTorch's `torch.Tensor`.
///
/// A tensor is an immutable value; copies, reshapes and slices share its storage. Operations return new tensors and, when
/// a tensor they read requires gradients, record how to go backward.
public struct Tensor: Sendable {
    let body: TensorBody
    /// Which result of which node this tensor is; `nil` when it requires no gradient.
    private(set) var history: History?

    /// Creates the tensor of `body`, without history.
    init(_ body: TensorBody) {
        self.body = body
    }

    /// The sizes of the axes.
    public var shape: Shape { body.shape }

    /// The type of the elements.
    public var dtype: DType { body.dtype }

    /// Whether the tensor was made in inference mode, so that no graph may save it.
    public var isInference: Bool { body.isInference }

    /// The number of elements.
    public var elementCount: Int { shape.elementCount }

    /// The number of bytes of the elements.
    public var byteCount: Int { shape.elementCount &* dtype.itemSize }

    /// The number of axes.
    public var rank: Int { shape.rank }

    /// The object that keeps the bytes alive, for those who hold on to the pointer of `withUnsafeBytes`.
    public var storageOwner: any AnyObject & Sendable { body.origin }

    /// Calls `body` with the elements' bytes, little-endian on every machine that Swift supports.
    public func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        defer { withExtendedLifetime(self) {} }
        return try body(UnsafeRawBufferPointer(start: self.body.start, count: byteCount))
    }

    /// Returns the same elements under `shape`, which must have as many, without history.
    func viewed(as shape: Shape) -> Tensor {
        precondition(shape.elementCount == elementCount, "a view shows all elements and no others")
        return Tensor(TensorBody(viewing: body, as: shape))
    }

    /// Returns the same tensor as result `index` of `node`.
    func attached(to node: GradientNode, index: Int = 0) -> Tensor {
        var copy = self
        copy.history = History(node: node, index: index)
        return copy
    }

    /// Returns the same elements without history: what PyTorch's `detach()` returns.
    public func detached() -> Tensor {
        var copy = self
        copy.history = nil
        return copy
    }
}

/// The memory that one tensor may take.
extension Tensor {
    /// The most bytes that one new tensor may take in the running call: by default half of the machine's memory.
    ///
    /// Shapes alone can ask for any amount: a column plus a row is a matrix. A server sets the limit for each call.
    public static var byteLimit: Int {
        let limit = cthread_running_call().pointee.tensor_byte_limit
        return limit > 0 ? Int(limit) : TensorBody.halfOfMemory
    }

    /// Runs `body`, in which one new tensor may take at most `limit` bytes.
    ///
    /// As the mode of gradients it belongs to the running thread: `body` cannot wait.
    @discardableResult
    public static func withByteLimit<Result>(_ limit: Int, _ body: () throws -> Result) rethrows -> Result {
        let call = cthread_running_call()
        let outer = call.pointee.tensor_byte_limit
        defer { call.pointee.tensor_byte_limit = outer }
        call.pointee.tensor_byte_limit = Int64(max(1, limit))
        return try body()
    }

    /// Sizes below this many bytes are never compared with the limit.
    static let uncheckedBytes = 1 << 20

    static func byteLimit(for byteCount: Int) -> Int {
        byteCount <= uncheckedBytes ? .max : byteLimit
    }
}
