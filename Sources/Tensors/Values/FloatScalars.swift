extension Float: Scalar {
    /// The dtype of tensors of this type.
    public static var dtype: DType { .float32 }
    /// The number itself.
    public var carrier: Float { self }
    /// Creates the same number.
    public init(converting value: Float) { self = value }
    /// Creates the nearest number.
    public init(converting value: Double) { self.init(value) }
    /// Creates the nearest number.
    public init(converting value: Int64) { self.init(value) }
    /// Creates the nearest number.
    public init(converting value: UInt64) { self.init(value) }
}

extension Double: Scalar {
    /// The dtype of tensors of this type.
    public static var dtype: DType { .float64 }
    /// The number itself.
    public var carrier: Double { self }
    /// Creates the same number.
    public init(converting value: Float) { self.init(value) }
    /// Creates the same number.
    public init(converting value: Double) { self = value }
    /// Creates the nearest number.
    public init(converting value: Int64) { self.init(value) }
    /// Creates the nearest number.
    public init(converting value: UInt64) { self.init(value) }
}

// PyTorch makes halves from floats only, so a double or an integer rounds twice on its way here.
extension Float16: Scalar {
    /// The dtype of tensors of this type.
    public static var dtype: DType { .float16 }
    /// The same number.
    public var carrier: Float { Float(self) }
    /// Creates the nearest number.
    public init(converting value: Float) { self.init(value) }
    /// Creates the number nearest to the nearest `Float`.
    public init(converting value: Double) { self.init(Float(value)) }
    /// Creates the number nearest to the nearest `Float`.
    public init(converting value: Int64) { self.init(Float(value)) }
    /// Creates the number nearest to the nearest `Float`.
    public init(converting value: UInt64) { self.init(Float(value)) }
}

extension BFloat16: Scalar {
    /// The dtype of tensors of this type.
    public static var dtype: DType { .bfloat16 }
    /// The same number.
    public var carrier: Float { Float(self) }
    /// Creates the nearest number.
    public init(converting value: Float) { self.init(value) }
    /// Creates the number nearest to the nearest `Float`.
    public init(converting value: Double) { self.init(Float(value)) }
    /// Creates the number nearest to the nearest `Float`.
    public init(converting value: Int64) { self.init(Float(value)) }
    /// Creates the number nearest to the nearest `Float`.
    public init(converting value: UInt64) { self.init(Float(value)) }
}
