/// A value of a parameter, sent as PostgreSQL has it in memory.
enum PostgresValue: Sendable {
    case int(Int)
    case bool(Bool)
    case text(String)
    case bytes([UInt8])
    case ints([Int?])
    case bools([Bool])
    case texts([String?])
    case byteArrays([[UInt8]?])
    case null

    /// The number of the type in PostgreSQL's catalogue; 0 lets the server find out.
    var type: UInt32 {
        switch self {
        case .int: 20
        case .bool: 16
        case .text: 25
        case .bytes: 17
        case .ints: 1_016
        case .bools: 1_000
        case .texts: 1_009
        case .byteArrays: 1_001
        case .null: 0
        }
    }

    /// The bytes on the wire; `nil` for null.
    var encoded: [UInt8]? {
        switch self {
        case .int(let value): value.bigEndianBytes
        case .bool(let value): [value ? 1 : 0]
        case .text(let value): Array(value.utf8)
        case .bytes(let value): value
        case .ints(let values): Self.array(of: 20, values.map { $0?.bigEndianBytes })
        case .bools(let values): Self.array(of: 16, values.map { [$0 ? 1 : 0] })
        case .texts(let values): Self.array(of: 25, values.map { $0.map { Array($0.utf8) } })
        case .byteArrays(let values): Self.array(of: 17, values)
        case .null: nil
        }
    }

    private static func array(of type: Int32, _ elements: [[UInt8]?]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(elements.reduce(20) { $0 + 4 + ($1?.count ?? 0) })
        bytes.append(bigEndian: elements.isEmpty ? 0 : 1)
        bytes.append(bigEndian: elements.contains { $0 == nil } ? 1 : 0)
        bytes.append(bigEndian: type)
        guard !elements.isEmpty else { return bytes }
        bytes.append(bigEndian: Int32(clamping: elements.count))
        bytes.append(bigEndian: 1)
        for element in elements {
            bytes.append(bigEndian: element.map { Int32(clamping: $0.count) } ?? -1)
            if let element { bytes += element }
        }
        return bytes
    }
}

extension Int {
    fileprivate var bigEndianBytes: [UInt8] { withUnsafeBytes(of: Int64(self).bigEndian) { Array($0) } }
}

extension [UInt8] {
    /// Appends the bytes of a number, the most significant one first.
    mutating func append(bigEndian value: Int32) {
        Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) }
    }
}
