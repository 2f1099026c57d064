extension Tensor {
    /// Creates a tensor whose bytes `initialize` writes, all of them, straight into the storage.
    public init<Failure: Error>(
        dtype: DType,
        shape: Shape,
        initializingWith initialize: (UnsafeMutableRawBufferPointer) throws(Failure) -> Void
    ) throws {
        var failure: Failure?
        try self.init(uninitialized: dtype, shape: shape) { bytes throws(TensorError) in
            do throws(Failure) { try initialize(bytes) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    /// Creates a tensor whose bytes `initialize` writes.
    init(
        uninitialized dtype: DType,
        shape: Shape,
        _ initialize: (UnsafeMutableRawBufferPointer) throws(TensorError) -> Void
    ) throws(TensorError) {
        self.init(try TensorBody(dtype: dtype, shape: shape, initializingWith: initialize))
    }

    /// Creates a tensor that stands for another, whose elements come later: of zeros, which take no memory until they are
    /// read.
    package init(unfilled dtype: DType, shape: Shape) throws(TensorError) {
        self.init(try TensorBody(unfilled: dtype, shape: shape))
    }

    /// Creates a tensor whose elements `initialize` writes.
    @inline(__always)
    init<S: Scalar>(
        of type: S.Type,
        shape: Shape,
        _ initialize: (UnsafeMutablePointer<S>) throws(TensorError) -> Void
    ) throws(TensorError) {
        try self.init(uninitialized: S.dtype, shape: shape) { bytes throws(TensorError) in
            guard let base = bytes.baseAddress else { return }
            try initialize(base.assumingMemoryBound(to: S.self))
        }
    }

    /// Creates a tensor that lays `scalars` out under `shape`.
    public init<S: Scalar>(_ scalars: [S], shape: Shape) throws(TensorError) {
        guard scalars.count == shape.elementCount else {
            throw .countMismatch(shape: shape.dimensions, expected: shape.elementCount, got: scalars.count)
        }
        try self.init(of: S.self, shape: shape) { target in
            target.initialize(from: scalars, count: scalars.count)
        }
    }

    /// Creates a vector of `scalars`.
    public init<S: Scalar>(_ scalars: [S]) throws(TensorError) {
        try self.init(scalars, shape: Shape([scalars.count], elementCount: scalars.count))
    }

    /// Creates a tensor without axes that holds `value`.
    public init<S: Scalar>(scalar value: S) throws(TensorError) {
        try self.init(of: S.self, shape: .scalar) { $0.initialize(to: value) }
    }

    /// Creates a tensor from little-endian bytes; bools other than 0 become `true`.
    public init(bytes: UnsafeRawBufferPointer, dtype: DType, shape: Shape) throws(TensorError) {
        try Self.check(bytes.count, holds: shape, of: dtype)
        try self.init(uninitialized: dtype, shape: shape) { target in
            target.copyMemory(from: bytes)
            guard dtype == .bool else { return }
            for index in target.indices where target[index] > 1 { target[index] = 1 }
        }
    }

    /// Creates a tensor from little-endian bytes, which stay where they are if they can; bools other than 0 become `true`.
    package init(adopting bytes: [UInt8], dtype: DType, shape: Shape) throws(TensorError) {
        try Self.check(bytes.count, holds: shape, of: dtype)
        guard dtype != .bool, let body = TensorBody(adopting: bytes, dtype: dtype, shape: shape) else {
            self = try bytes.span.withUnsafeBytes { bytes throws(TensorError) in
                try Tensor(bytes: bytes, dtype: dtype, shape: shape)
            }
            return
        }
        try TensorBody.check(bytes.count)
        self.init(body)
    }

    private static func check(_ byteCount: Int, holds shape: Shape, of dtype: DType) throws(TensorError) {
        let (expected, overflow) = shape.elementCount.multipliedReportingOverflow(by: dtype.itemSize)
        guard !overflow else { throw .storageOverflow(shape: shape.dimensions) }
        guard byteCount == expected else {
            throw .byteCountMismatch(dtype, shape: shape.dimensions, expected: expected, got: byteCount)
        }
    }
}

extension Tensor {
    /// Returns a tensor of `value`, converted to `dtype`, whose range it must be in.
    public static func full<S: Scalar>(_ value: S, shape: Shape, dtype: DType = S.dtype) throws(TensorError) -> Tensor {
        let fits =
            S.dtype.isFloatingPoint
            ? NestedValue.fits(value.converted(to: Double.self), dtype)
            : NestedValue.fits(value.converted(to: Int64.self), dtype)
        guard fits else { throw .scalarNotRepresentable(dtype) }
        return try dtype.accept(Fill(value: value, shape: shape))
    }

    /// Returns a tensor of `number`, of its kind's dtype unless `dtype` is given.
    public static func full(_ number: Number, shape: Shape, dtype: DType? = nil) throws(TensorError) -> Tensor {
        try number.tensor(dtype ?? number.dtype).expanded(to: shape)
    }

    /// Returns a tensor of zeros.
    public static func zeros(_ shape: Shape, dtype: DType = .float32) throws(TensorError) -> Tensor {
        try Tensor(uninitialized: dtype, shape: shape) { bytes in
            bytes.initializeMemory(as: UInt8.self, repeating: 0)
        }
    }

    /// Returns a tensor of ones.
    public static func ones(_ shape: Shape, dtype: DType = .float32) throws(TensorError) -> Tensor {
        try full(1 as Int64, shape: shape, dtype: dtype)
    }

    private struct Fill<Value: Scalar>: ScalarVisitor {
        let value: Value
        let shape: Shape

        func visit<S: Scalar>(_ type: S.Type) throws(TensorError) -> Tensor {
            try Tensor(of: S.self, shape: shape) { target in
                target.initialize(repeating: value.converted(to: S.self), count: shape.elementCount)
            }
        }
    }
}
