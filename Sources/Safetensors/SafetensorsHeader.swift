import JSON
import Tensors

/// What a file says of its tensors, checked against the file's size before any memory is taken.
struct SafetensorsHeader {
    /// One tensor: its name, its type and shape, and its bytes, counted from the start of the file.
    struct Entry {
        let name: String
        let type: StoredType
        let shape: Shape
        let range: Range<Int>
    }

    /// The longest header that the reference implementation reads.
    static let limit = 100_000_000

    /// The tensors in the order of their data.
    private(set) var entries: [Entry] = []
    /// The free text that came along.
    private(set) var metadata: [String: String] = [:]

    /// Reads the header of a file from its bytes, or from those before the data and the size of the whole.
    init(of bytes: [UInt8], fileSize: Int? = nil) throws(SafetensorsError) {
        let fileSize = fileSize ?? bytes.count
        let end = try Self.end(in: bytes)
        var reader = JSONReader(bytes, range: 8..<end)
        do throws(JSONError) {
            try reader.beginObject()
        } catch { throw .malformedHeader(error) }
        // The reader compares names by their bytes, dictionaries of tensors up to canonical equivalence ("é" may be one scalar
        // or two): names that only a byte comparison tells apart would lose a tensor.
        var names: Set<String> = []
        while let key = try reader.nextHeaderKey() {
            guard names.insert(key).inserted else { throw .duplicateKey(key) }
            if key == Self.metadataKey {
                metadata = try reader.readMetadata()
            } else {
                entries.append(try reader.readEntry(key, dataStart: end, fileSize: fileSize))
            }
        }
        do throws(JSONError) { try reader.finish() } catch { throw .malformedHeader(error) }
        try arrange(dataStart: end, fileSize: fileSize)
    }

    /// The key that holds no tensor.
    static let metadataKey = "__metadata__"

    /// Returns where the header ends, from the length in the first eight bytes.
    private static func end(in bytes: [UInt8]) throws(SafetensorsError) -> Int {
        guard bytes.count >= 8 else { throw .lengthTruncated(byteCount: bytes.count) }
        let length = bytes.prefix(8).reversed().reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
        guard length <= UInt64(limit) else { throw .headerTooLarge(byteCount: length, limit: limit) }
        guard length <= UInt64(bytes.count - 8) else {
            throw .headerTruncated(expected: Int(length), got: bytes.count - 8)
        }
        return 8 + Int(length)
    }

    /// Sorts the tensors by their data, which must follow each other without overlap or hole to the end of the file.
    private mutating func arrange(dataStart: Int, fileSize: Int) throws(SafetensorsError) {
        entries.sort { ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound) }
        var next = dataStart
        for entry in entries {
            let (expected, got) = (next - dataStart, entry.range.lowerBound - dataStart)
            guard got >= expected else { throw .overlap(expected: expected, got: got, tensor: entry.name) }
            guard got == expected else { throw .hole(expected: expected, got: got, tensor: entry.name) }
            next = entry.range.upperBound
        }
        guard next == fileSize else { throw .trailingData(expected: next - dataStart, got: fileSize - dataStart) }
    }
}

extension JSONReader {
    fileprivate mutating func nextHeaderKey() throws(SafetensorsError) -> String? {
        do throws(JSONError) {
            return try nextKey()
        } catch {
            if case .duplicateKey(let key) = error.reason { throw .duplicateKey(key) }
            throw .malformedHeader(error)
        }
    }

    /// Reads what is under `__metadata__`: an object of strings, or null.
    fileprivate mutating func readMetadata() throws(SafetensorsError) -> [String: String] {
        var metadata: [String: String] = [:]
        do throws(JSONError) {
            guard try peekKind() != .null else {
                try readNull()
                return [:]
            }
            try beginObject()
        } catch { throw .malformedHeader(error) }
        while let key = try nextHeaderKey() {
            guard metadata[key] == nil else { throw .duplicateKey(key) }
            do throws(JSONError) { metadata[key] = try readString() } catch { throw .malformedHeader(error) }
        }
        return metadata
    }

    fileprivate mutating func readEntry(
        _ name: String,
        dataStart: Int,
        fileSize: Int
    ) throws(SafetensorsError) -> SafetensorsHeader.Entry {
        var fields = EntryFields()
        do throws(JSONError) { try beginObject() } catch { throw .malformedHeader(error) }
        while let key = try nextHeaderKey() {
            do throws(JSONError) { try fields.read(key, from: &self) } catch { throw .malformedHeader(error) }
        }
        return try fields.checked(name: name, dataStart: dataStart, fileSize: fileSize)
    }
}

/// The members of one tensor's entry as they come.
private struct EntryFields {
    private var dtype: String?
    private var shape: [Int]?
    private var offsets: [Int]?

    mutating func read(_ key: String, from reader: inout JSONReader) throws(JSONError) {
        switch key {
        case "dtype": dtype = try reader.readString()
        case "shape": shape = try reader.readInts(atMost: Shape.maximumRank)
        case "data_offsets": offsets = try reader.readInts(atMost: 2)
        default: try reader.skipValue()
        }
    }

    /// Returns the entry if its data lies within the file and is as long as its shape and type need.
    func checked(name: String, dataStart: Int, fileSize: Int) throws(SafetensorsError) -> SafetensorsHeader.Entry {
        guard let dtype else { throw .missingField("dtype", tensor: name) }
        guard let dimensions = shape else { throw .missingField("shape", tensor: name) }
        guard let offsets else { throw .missingField("data_offsets", tensor: name) }
        guard let type = StoredType(name: dtype) else { throw .unsupportedDType(dtype, tensor: name) }
        guard offsets.count == 2, 0 <= offsets[0], offsets[0] <= offsets[1] else {
            throw .invalidOffsets(offsets, tensor: name)
        }
        guard offsets[1] <= fileSize - dataStart else {
            throw .dataTruncated(expected: offsets[1], got: fileSize - dataStart, tensor: name)
        }
        let shape: Shape
        do throws(TensorError) {
            shape = try Shape(checking: dimensions)
        } catch { throw .impossibleShape(error, tensor: name) }
        guard let size = type.byteCount(of: shape.elementCount) else {
            throw .impossibleShape(.storageOverflow(shape: dimensions), tensor: name)
        }
        guard size == offsets[1] - offsets[0] else {
            throw .sizeMismatch(expected: size, got: offsets[1] - offsets[0], tensor: name)
        }
        return SafetensorsHeader.Entry(
            name: name,
            type: type,
            shape: shape,
            range: dataStart + offsets[0]..<dataStart + offsets[1]
        )
    }
}

extension JSONReader {
    /// Reads integers, and keeps one more than `limit` at most: a header has room for millions of them.
    fileprivate mutating func readInts(atMost limit: Int) throws(JSONError) -> [Int] {
        var values: [Int] = []
        try beginArray()
        while try nextElement() {
            let value = try readSize()
            if values.count <= limit { values.append(value) }
        }
        return values
    }
}
