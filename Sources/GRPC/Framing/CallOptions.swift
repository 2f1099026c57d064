/// What users may choose of calls.
package struct CallOptions: Sendable {
    /// The bounds of one message.
    package struct MessageLimits: Sendable {
        /// Octets as they are sent; beyond: 8, before they are held.
        package var maxByteCount = 67_108_864
        /// Octets once they are decoded; beyond: 8.
        package var maxDecodedByteCount = 33_554_432

        package init() {}

        package init(maxByteCount: Int, maxDecodedByteCount: Int) {
            self.maxByteCount = maxByteCount
            self.maxDecodedByteCount = maxDecodedByteCount
        }
    }

    package var limits = MessageLimits()
    /// Whether answers are compressed for clients that like it.
    package var compresses = true

    package init() {}
}
