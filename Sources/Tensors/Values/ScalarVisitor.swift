/// A piece of work that is written once and compiled for each element type.
protocol ScalarVisitor {
    associatedtype Result
    func visit<S: Scalar>(_ type: S.Type) throws(TensorError) -> Result
}

extension DType {
    /// Calls `visitor` with the Swift type of this dtype.
    @inline(__always)
    func accept<Visitor: ScalarVisitor>(_ visitor: Visitor) throws(TensorError) -> Visitor.Result {
        switch self {
        case .float32: try visitor.visit(Float.self)
        case .float64: try visitor.visit(Double.self)
        case .float16: try visitor.visit(Float16.self)
        case .bfloat16: try visitor.visit(BFloat16.self)
        case .int64: try visitor.visit(Int64.self)
        case .int32: try visitor.visit(Int32.self)
        case .int16: try visitor.visit(Int16.self)
        case .int8: try visitor.visit(Int8.self)
        case .uint8: try visitor.visit(UInt8.self)
        case .bool: try visitor.visit(Bool.self)
        case .uint16: try visitor.visit(UInt16.self)
        case .uint32: try visitor.visit(UInt32.self)
        case .uint64: try visitor.visit(UInt64.self)
        }
    }
}
