/// A part of a record: some bytes that may stay the same from version to version.
package struct StorePart: Sendable {
    /// The count of bytes beyond which a part is better kept as a file.
    package static let rowLimit = 64 << 10

    /// The bytes, one piece after another.
    package let source: any PartSource
    /// Whether it stands in a file of its own.
    package let isFile: Bool
    /// The file, if it was written before.
    package let stored: StoredFile?

    package init(_ source: any PartSource, isFile: Bool = false, stored: StoredFile? = nil) {
        self.source = source
        self.isFile = isFile
        self.stored = stored
    }

    package init(_ bytes: [UInt8], isFile: Bool = false) {
        self.init(BytesSource(bytes: bytes), isFile: isFile)
    }

    /// The bytes in one array.
    package var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(source.byteCount)
        source.forEachPiece { bytes.append(contentsOf: $0) }
        return bytes
    }
}

/// One step of a change of the registry, as the store writes it.
package enum StoreStep: Sendable {
    /// Writes a version of a record that is new.
    ///
    /// It has the parts of the version before but for those that `parts` names, of which `nil` takes one away; or those that
    /// `parts` names alone.
    case put(name: String, version: Int, header: [UInt8], parts: [String: StorePart?], replacesAll: Bool)
    /// Writes another header for a version that is there.
    case setHeader(name: String, version: Int, header: [UInt8])
    /// Takes a version away, with the parts that no other version of the record has.
    case drop(name: String, version: Int)
}

/// What a change of the registry is when it is written: all of its steps or none.
package struct StoreChange: Sendable {
    package var steps: [StoreStep]

    package init(_ steps: [StoreStep] = []) {
        self.steps = steps
    }

    /// The newest version of each name that goes with the change.
    var dropped: [String: Int] {
        steps.reduce(into: [:]) { dropped, step in
            guard case .drop(let name, let version) = step else { return }
            dropped[name] = max(dropped[name] ?? version, version)
        }
    }

    /// The bytes of all parts that were not written before.
    var byteCount: Int {
        steps.reduce(0) { sum, step in
            guard case .put(_, _, let header, let parts, _) = step else { return sum }
            let new = parts.values.compactMap(\.self).filter { $0.stored == nil }
            return new.reduce(sum + header.count) { $0 + $1.source.byteCount }
        }
    }
}

/// The numbers that must never go back.
package struct StoreCounters: Sendable, Equatable {
    /// New names begin above it.
    package var floor = 0
    /// The highest version ever given to any name.
    package var highestVersion = 0
    /// The number of the next hook.
    package var nextHook = 0

    package init(floor: Int = 0, highestVersion: Int = 0, nextHook: Int = 0) {
        self.floor = floor
        self.highestVersion = highestVersion
        self.nextHook = nextHook
    }
}
