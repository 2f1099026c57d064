extension JSONValue {
    /// Creates the one value that `bytes` holds.
    package init(parsing bytes: [UInt8], maxDepth: Int = JSONReader.defaultMaxDepth) throws(JSONError) {
        var reader = JSONReader(bytes, maxDepth: maxDepth)
        self = try reader.readValue()
        try reader.finish()
    }

    /// The value as compact JSON text.
    package var serialized: [UInt8] {
        var writer = JSONWriter()
        writer.write(self)
        return writer.finish()
    }
}
