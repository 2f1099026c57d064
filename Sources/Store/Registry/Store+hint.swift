extension Store {
    /// The file that holds the hint.
    static let hintName = "recent"
    /// Bytes of the hint.
    private static let hintByteCount = 64 << 10

    /// Keeps some names for the next start, the most important first; it does well without them.
    package func keepHint(_ names: [String]) {
        var text: [UInt8] = []
        for name in names where text.count + name.utf8.count < Self.hintByteCount { text += Array("\(name)\n".utf8) }
        guard let file = try? disk.openOrCreate("\(path)/\(Self.hintName)") else { return }
        try? disk.overwrite(file, with: text)
    }

    /// The names that were kept for this start, as far as they can be read.
    package var hint: [String] {
        guard let file = try? disk.open("\(path)/\(Self.hintName)") else { return [] }
        var text = [UInt8](repeating: 0, count: Self.hintByteCount)
        let count = try? text.withUnsafeMutableBytes { try disk.read(file, at: 0, into: $0) }
        return String(decoding: text.prefix(count ?? 0), as: UTF8.self).split(separator: "\n").map(String.init)
    }
}
