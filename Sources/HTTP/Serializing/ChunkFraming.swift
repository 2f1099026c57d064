/// The framing of a body that goes out in chunks (RFC 9112 7.1).
package enum ChunkFraming {
    /// Appends `bytes` as one chunk; nothing if there are none, because an empty chunk ends the body.
    package static func append(_ bytes: [UInt8], to output: inout [UInt8]) {
        guard !bytes.isEmpty else { return }
        output.append(hexadecimal: bytes.count)
        output.append("\r\n")
        output.append(contentsOf: bytes)
        output.append("\r\n")
    }

    /// Appends the chunk that ends the body.
    package static func appendEnd(to output: inout [UInt8]) {
        output.append("0\r\n\r\n")
    }
}
