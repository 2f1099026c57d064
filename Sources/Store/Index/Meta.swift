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
        hash.add(recordSum)
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
    package let content: Digest
    /// The revision that made it, where that is known.
    package var revision: Int?

    package init(name: String, version: Int, header: [UInt8], damage: String?, content: Digest) {
        (self.name, self.version, self.header, self.damage, self.content) = (name, version, header, damage, content)
    }

    /// The digest of the row.
    var digest: Digest { Self.digest(name: name, version: version, header: header, content: content) }

    package static func digest(name: String, version: Int, header: [UInt8], content: Digest) -> Digest {
        var hash = SHA256Hash()
        hash.add(name)
        hash.add(version)
        hash.add(header)
        hash.add(content)
        return hash.finish()
    }
}

/// A part as the index has it.
package struct PartRow: Sendable {
    let id: Int
    package let name: String
    package let key: String
    package let since: Int
    var until: Int?
    let byteCount: Int
    package let hash: Digest
    /// The bytes; `nil` for a part that is a file.
    package let bytes: [UInt8]?

    package init(
        id: Int = 0,
        name: String,
        key: String,
        since: Int,
        until: Int? = nil,
        byteCount: Int,
        hash: Digest,
        bytes: [UInt8]?
    ) {
        (self.id, self.name, self.key, self.since, self.until) = (id, name, key, since, until)
        (self.byteCount, self.hash, self.bytes) = (byteCount, hash, bytes)
    }

    /// What the part is, whichever versions have it.
    package var identity: Digest {
        var hash = SHA256Hash()
        hash.add(name)
        hash.add(key)
        hash.add(since)
        hash.add(byteCount)
        hash.add(self.hash)
        hash.add(bytes == nil ? 1 : 0)
        return hash.finish()
    }

    /// The digest of the row.
    var digest: Digest {
        var hash = SHA256Hash()
        hash.add(identity)
        hash.add(until ?? -1)
        return hash.finish()
    }
}
