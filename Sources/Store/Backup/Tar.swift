/// Entries of a tar file as POSIX.1-1988 has them: times and owners are 0, so that equal contents are equal bytes.
enum Tar {
    static let blockByteCount = 512
    /// What stands behind the last entry.
    static let end = [UInt8](repeating: 0, count: 2 * blockByteCount)

    /// Returns the block before the content of an entry.
    static func header(_ name: String, byteCount: Int) -> [UInt8] {
        var block = [UInt8](repeating: 0, count: blockByteCount)
        func put(_ text: String, at offset: Int) {
            for (index, byte) in text.utf8.enumerated() { block[offset + index] = byte }
        }
        put(name, at: 0)
        put("0000600", at: 100)
        put("0000000", at: 108)
        put("0000000", at: 116)
        put(octal(byteCount, digits: 11), at: 124)
        put("00000000000", at: 136)
        put("        ", at: 148)
        put("0", at: 156)
        put("ustar", at: 257)
        put("00", at: 263)
        let sum = block.reduce(0) { $0 + Int($1) }
        put(octal(sum, digits: 6), at: 148)
        block[154] = 0
        return block
    }

    /// Returns what fills the last block of an entry.
    static func padding(after byteCount: Int) -> [UInt8] {
        [UInt8](repeating: 0, count: (blockByteCount - byteCount % blockByteCount) % blockByteCount)
    }

    private static func octal(_ number: Int, digits: Int) -> String {
        let text = String(number, radix: 8)
        return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
    }
}

/// Reads the entries of a tar file, one after another.
struct TarReader {
    /// Returns so many bytes, fewer only at the end.
    let read: (Int) throws(StoreError) -> [UInt8]

    /// Returns the name and the content of the next entry; `nil` at the end of the file.
    func next() throws(StoreError) -> (name: String, content: [UInt8])? {
        let block = try read(Tar.blockByteCount)
        guard block.count == Tar.blockByteCount else { throw .badBackup(reason: "it is cut short") }
        if block.allSatisfy({ $0 == 0 }) { return nil }
        let name = String(decoding: block.prefix(100).prefix { $0 != 0 }, as: UTF8.self)
        guard let byteCount = Self.octal(block[124..<136]),
            block == Tar.header(name, byteCount: byteCount)
        else { throw .badBackup(reason: "an entry begins with what callpath never writes") }
        let content = try read(byteCount)
        let padding = try read(Tar.padding(after: byteCount).count)
        guard content.count == byteCount, padding == Tar.padding(after: byteCount) else {
            throw .badBackup(reason: "it is cut short")
        }
        return (name, content)
    }

    private static func octal(_ bytes: ArraySlice<UInt8>) -> Int? {
        let digits = String(decoding: bytes.prefix { $0 != 0 && $0 != 0x20 }, as: UTF8.self)
        return digits.allSatisfy({ "01234567".contains($0) }) ? Int(digits, radix: 8) : nil
    }
}
