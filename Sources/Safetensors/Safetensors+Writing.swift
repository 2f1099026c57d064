import JSON
package import OrderedCollections
package import Tensors

extension Safetensors {
    /// Returns a file of `tensors`, the most aligned types first and each type by name, as the reference implementation does.
    package static func bytes(
        of tensors: OrderedDictionary<String, Tensor>,
        metadata: [String: String] = [:]
    ) throws(SafetensorsError) -> [UInt8] {
        guard tensors[SafetensorsHeader.metadataKey] == nil else {
            throw .reservedName(SafetensorsHeader.metadataKey)
        }
        let ordered = tensors.sorted(by: precedes)
        let header = headerText(ordered, metadata: metadata)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(8 + header.count + ordered.reduce(0) { $0 + $1.value.byteCount })
        bytes += length(of: header) + header
        for (_, tensor) in ordered { tensor.withUnsafeBytes { bytes.append(contentsOf: $0) } }
        return bytes
    }

    /// Returns what stands before the elements in a file of one tensor without metadata.
    package static func head(of tensor: Tensor, named name: String) -> [UInt8] {
        let header = headerText([(key: name, value: tensor)], metadata: [:])
        return length(of: header) + header
    }

    private static func length(of header: [UInt8]) -> [UInt8] {
        withUnsafeBytes(of: UInt64(header.count).littleEndian) { Array($0) }
    }

    private static func precedes(
        _ left: OrderedDictionary<String, Tensor>.Element,
        _ right: OrderedDictionary<String, Tensor>.Element
    ) -> Bool {
        let (leftRank, rightRank) = (left.value.dtype.safetensorsRank, right.value.dtype.safetensorsRank)
        guard leftRank == rightRank else { return leftRank > rightRank }
        return left.key.utf8.lexicographicallyPrecedes(right.key.utf8)
    }

    /// Returns the header, padded with spaces so that the data after it is aligned to eight bytes.
    private static func headerText(
        _ ordered: [OrderedDictionary<String, Tensor>.Element],
        metadata: [String: String]
    ) -> [UInt8] {
        var writer = JSONWriter(capacity: ordered.count * 100 + 64)
        writer.beginObject()
        if !metadata.isEmpty { write(metadata, to: &writer) }
        var offset = 0
        for (name, tensor) in ordered {
            writer.key(name)
            writer.beginObject()
            writer.member("dtype", tensor.dtype.safetensorsName)
            writer.member("shape", tensor.shape.dimensions)
            writer.member("data_offsets", [offset, offset + tensor.byteCount])
            writer.endObject()
            offset += tensor.byteCount
        }
        writer.endObject()
        let text = writer.finish()
        return text + [UInt8](repeating: UInt8(ascii: " "), count: (8 - text.count % 8) % 8)
    }

    private static func write(_ metadata: [String: String], to writer: inout JSONWriter) {
        writer.key(SafetensorsHeader.metadataKey)
        writer.beginObject()
        for (key, value) in metadata.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
            writer.member(key, value)
        }
        writer.endObject()
    }
}
