extension Tensor {
    /// Calls `body` with the elements, which must be of type `S`.
    @inline(__always)
    func withScalars<S: Scalar, Result>(
        of type: S.Type,
        _ body: (UnsafePointer<S>) throws(TensorError) -> Result
    ) throws(TensorError) -> Result {
        defer { withExtendedLifetime(self) {} }
        return try body(address(of: S.self))
    }

    /// The address of the elements, which must be of type `S`; it is good while the tensor lives.
    @inline(__always)
    func address<S: Scalar>(of type: S.Type) -> UnsafePointer<S> {
        precondition(S.dtype == dtype, "elements read as another type")
        return body.start.assumingMemoryBound(to: S.self)
    }

    /// Returns the elements, converted to `S`, in row-major order.
    public func scalars<S: Scalar>(as type: S.Type) -> [S] {
        let visitor = ScalarsVisitor<S>(tensor: self)
        do {
            return try dtype.accept(visitor)
        } catch {
            preconditionFailure("copying elements out cannot fail")
        }
    }

    /// Returns the value of a tensor of one element.
    public func item() throws(TensorError) -> Double {
        guard elementCount == 1 else { throw .notOneElement(count: elementCount) }
        return scalars(as: Double.self)[0]
    }

    private struct ScalarsVisitor<Target: Scalar>: ScalarVisitor {
        let tensor: Tensor

        func visit<S: Scalar>(_ type: S.Type) throws(TensorError) -> [Target] {
            let count = tensor.elementCount
            return try tensor.withScalars(of: S.self) { source in
                [Target](unsafeUninitializedCapacity: count) { target, initialized in
                    for index in 0..<count {
                        target.initializeElement(at: index, to: source[index].converted(to: Target.self))
                    }
                    initialized = count
                }
            }
        }
    }
}

extension Tensor {
    /// Returns the elements as `dtype`: rounded to the nearest, or truncated toward zero for integers.
    public func converted(to dtype: DType) throws(TensorError) -> Tensor {
        guard dtype != self.dtype else { return self }
        let result = try Operations.perform("_to_copy") { () throws(TensorError) in try cast(to: dtype) }
        guard dtype.isFloatingPoint, Autograd.records(self) else { return result }
        return try result.recorded(NodeName("ToCopyBackward0", old: "CopyBackwards"), [self]) { gradient, _ in
            [gradient]
        }
    }

    /// Returns the elements as `dtype`, without history.
    func cast(to dtype: DType) throws(TensorError) -> Tensor {
        guard dtype != self.dtype else { return detached() }
        return try self.dtype.accept(CastFrom(tensor: self, dtype: dtype))
    }

    private struct CastFrom: ScalarVisitor {
        let tensor: Tensor
        let dtype: DType

        func visit<S: Scalar>(_ type: S.Type) throws(TensorError) -> Tensor {
            try dtype.accept(CastTo<S>(tensor: tensor))
        }
    }

    private struct CastTo<Source: Scalar>: ScalarVisitor {
        let tensor: Tensor

        func visit<S: Scalar>(_ type: S.Type) throws(TensorError) -> Tensor {
            try Tensor(of: S.self, shape: tensor.shape) { target throws(TensorError) in
                try tensor.withScalars(of: Source.self) { source in
                    for index in 0..<tensor.elementCount {
                        target.advanced(by: index).initialize(to: source[index].converted(to: S.self))
                    }
                }
            }.laid(like: tensor)
        }
    }
}

extension Tensor {
    /// The tensor in the dtype that it is computed with, without history.
    func widened() throws(TensorError) -> Tensor {
        dtype.isHalf ? try cast(to: .float32) : self
    }
}
