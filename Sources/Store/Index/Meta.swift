/// The one row that says what the index is, and what all of its records come to.
struct Meta: Equatable {
    /// 32 random hexadecimal digits, drawn when the folder was made.
    var instance: String
    /// The count of changes so far.
    var revision = 0
    var counters = StoreCounters()
    /// How many records there are, and their digests joined: a record that went missing shows.
    var recordCount = 0
    var recordSum = Digest.zero

    /// The digest of the row.
    var digest: Digest {
        var hash = SHA256Hash()
        hash.add(instance)
        for number in [revision, counters.floor, counters.highestVersion, counters.nextHook, recordCount] {
            hash.add(number)
        }
        hash.add(recordSum.bytes)
        return hash.finish()
    }
}

/// The header of a version of a record.
package struct StoreRecord: Sendable {
    package let name: String
    package let version: Int
    /// What the writer said of it.
    package let header: [UInt8]
    /// Why it cannot be trusted; `nil` for most.
    package let damage: String?
    /// The identities of its parts, joined.
    let content: Digest

    static func digest(name: String, version: Int, header: [UInt8], content: Digest) -> Digest {
        var hash = SHA256Hash()
        hash.add(name)
        hash.add(version)
        hash.add(header)
        hash.add(content.bytes)
        return hash.finish()
    }
}

/// A part as the index has it.
struct PartRow {
    let id: Int
    let name: String
    let key: String
    let since: Int
    var until: Int?
    let byteCount: Int
    let hash: Digest
    /// The bytes; `nil` for a part that is a file.
    let bytes: [UInt8]?

    /// What the part is, whichever versions have it.
    var identity: Digest {
        var hash = SHA256Hash()
        hash.add(name)
        hash.add(key)
        hash.add(since)
        hash.add(byteCount)
        hash.add(self.hash.bytes)
        hash.add(bytes == nil ? 1 : 0)
        return hash.finish()
    }

    /// The digest of the row.
    var digest: Digest {
        var hash = SHA256Hash()
        hash.add(identity.bytes)
        hash.add(until ?? -1)
        return hash.finish()
    }
}
