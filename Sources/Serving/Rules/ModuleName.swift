/// The names of registered modules: a letter or digit, then up to 127 letters, digits, `.`, `_` or `-`, all ASCII.
package enum ModuleName {
    /// Refuses what is no name.
    package static func check(_ name: String) throws(ServingError) {
        let bytes = name.utf8
        guard bytes.count <= 128, let first = bytes.first, isAlphanumeric(first),
            bytes.allSatisfy({ isAlphanumeric($0) || $0 == 0x2E || $0 == 0x5F || $0 == 0x2D })
        else { throw .invalidName(name) }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }

    /// Returns a name that is surely free, as good as.
    static func random() -> String {
        "module-" + String(UInt64.random(in: 0 ... .max), radix: 36)
    }
}
