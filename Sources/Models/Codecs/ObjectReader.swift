package import JSON

/// Reads the members of a JSON object by name, in whatever order they came, and says where each fault stands.
package struct ObjectReader {
    /// The most members that any object of this interface can have; those with free names are not read by this type.
    private static let maxMembers = 64

    private struct Member {
        let key: String
        let reader: JSONReader
        let byteCount: Int
    }

    /// Where the object stands.
    let pointer: String
    private let what: String
    private var members: [Member] = []

    /// Reads past the next value, which must be an object; `what` names it in errors, with its article.
    package init(_ reader: inout JSONReader, _ what: String) throws {
        self.what = what
        pointer = reader.pointer
        try reader.beginObject()
        while let key = try reader.nextKey() {
            let start = reader
            try reader.skipValue()
            guard members.count < Self.maxMembers else {
                throw DocumentProblem(
                    .unknownField,
                    "\(what) has fewer than \(Self.maxMembers) fields.",
                    pointer: pointer
                )
            }
            members.append(Member(key: key, reader: start, byteCount: reader.offset - start.offset))
        }
    }

    /// The names of the members not taken yet, in order.
    var remainingKeys: [String] { members.map(\.key) }

    /// Returns the bytes of the text of the member `key`, 0 if there is none.
    func byteCount(of key: String) -> Int { members.first { $0.key == key }?.byteCount ?? 0 }

    /// Returns the pointer to the member `key`, to the object if there is none.
    func pointer(to key: String) -> String { members.first { $0.key == key }?.reader.pointer ?? pointer }

    /// Removes the member `key` and returns what `read` makes of it, or `nil` if there is none.
    package mutating func take<Value>(_ key: String, _ read: (inout JSONReader) throws -> Value) throws -> Value? {
        guard let index = members.firstIndex(where: { $0.key == key }) else { return nil }
        var reader = members.remove(at: index).reader
        do {
            return try read(&reader)
        } catch let error as JSONError {
            throw DocumentProblem(error, pointer: reader.pointer)
        }
    }

    /// Removes the member `key` and returns what `read` makes of it, or `nil` if there is none or it is null.
    mutating func takeOptional<Value>(_ key: String, _ read: (inout JSONReader) throws -> Value) throws -> Value? {
        try take(key) { try $0.readOptional(read) } ?? nil
    }

    /// Removes the member `key`, which must be there, and returns what `read` makes of it.
    package mutating func require<Value>(_ key: String, _ read: (inout JSONReader) throws -> Value) throws -> Value {
        guard let value = try take(key, read) else {
            throw DocumentProblem(
                .missingField,
                "\(what) needs the field '\(key)'.",
                expected: .string(key),
                pointer: pointer
            )
        }
        return value
    }

    /// Forgets the members of these names.
    package mutating func ignore(_ keys: [String]) {
        members.removeAll { keys.contains($0.key) }
    }

    /// Removes those of the members that are lists.
    package mutating func ignoreLists(_ keys: [String]) {
        members.removeAll { member in
            var reader = member.reader
            return keys.contains(member.key) && (try? reader.peekKind()) == .array
        }
    }

    /// Refuses members that nobody took.
    package func finish(known: [String]) throws {
        guard let member = members.first else { return }
        throw DocumentProblem(
            .unknownField,
            "\(what) has no field '\(member.key)'.",
            expected: .array(known.map { .string($0) }),
            got: .string(member.key),
            pointer: member.reader.pointer
        )
    }
}

extension JSONReader {
    /// Reads a string that is a name: what is made keeps it, and no other limit counts it.
    mutating func readName(atMost limit: Int = 256) throws -> String {
        let pointer = pointer
        return try Self.checkedName(try readString(), atMost: limit, pointer: pointer)
    }

    /// Returns `name` if it has at most `limit` bytes.
    static func checkedName(_ name: String, atMost limit: Int = 256, pointer: String) throws -> String {
        guard name.utf8.count > limit else { return name }
        throw DocumentProblem(
            .invalidField,
            "expected a name of at most \(limit) bytes, got \(name.utf8.count)",
            expected: .number(.int(Int64(limit))),
            got: .number(.int(Int64(name.utf8.count))),
            pointer: pointer
        )
    }

    /// Reads a string that is the raw value of `Choice`.
    mutating func readChoice<Choice: RawRepresentable<String> & CaseIterable>(
        _ type: Choice.Type,
        _ code: DocumentProblem.Kind = .invalidField
    ) throws -> Choice {
        let pointer = pointer
        let text = try readString()
        guard let choice = Choice(rawValue: text) else {
            throw DocumentProblem(
                code,
                "'\(text)' is none of \(Choice.allCases.map(\.rawValue).joined(separator: ", ")).",
                expected: .array(Choice.allCases.map { .string($0.rawValue) }),
                got: .string(text),
                pointer: pointer
            )
        }
        return choice
    }

    /// Reads null as `nil`, and all else with `read`.
    mutating func readOptional<Value>(_ read: (inout JSONReader) throws -> Value) throws -> Value? {
        guard try peekKind() == .null else { return try read(&self) }
        try readNull()
        return nil
    }

    /// Reads an array whose elements `read` reads.
    mutating func readArray<Element>(_ read: (inout JSONReader) throws -> Element) throws -> [Element] {
        var elements: [Element] = []
        try beginArray()
        while try nextElement() { elements.append(try read(&self)) }
        return elements
    }
}
