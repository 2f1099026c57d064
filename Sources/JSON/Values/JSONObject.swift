/// The members of an object in the order they came, each name once.
package struct JSONObject: Sendable {
    /// A name and its value.
    package typealias Member = (key: String, value: JSONValue)

    private var members: [Member] = []
    private var positions: [ExactString: Int] = [:]

    /// Creates an object without members.
    package init() {}

    /// Creates an object from members whose names are the program's own.
    /// - Precondition: no name occurs twice.
    package init(uniqueKeys members: [Member]) {
        for (key, value) in members {
            precondition(self[key] == nil, "duplicate key \(key)")
            append(key: key, value: value)
        }
    }

    /// Accesses the member called `key`: setting a new name appends it, setting `nil` removes it.
    /// - Complexity: O(1); removing is O(n).
    package subscript(key: String) -> JSONValue? {
        get { position(of: key).map { members[$0].value } }
        set {
            switch (position(of: key), newValue) {
            case (let position?, let value?): members[position].value = value
            case (nil, let value?): append(key: key, value: value)
            case (let position?, nil): remove(at: position)
            case (nil, nil): break
            }
        }
    }

    /// The names in order.
    package var keys: [String] { members.map(\.key) }

    /// Appends a member whose name is known to be new: the reader has checked it.
    mutating func append(key: String, value: JSONValue) {
        if !positions.isEmpty {
            positions[ExactString(key)] = members.count
        } else if members.count == Self.linearLimit {
            for (position, member) in members.enumerated() { positions[ExactString(member.key)] = position }
            positions[ExactString(key)] = members.count
        }
        members.append((key, value))
    }

    /// Up to this many members a search along the list beats a hash.
    private static let linearLimit = 8

    private func position(of key: String) -> Int? {
        if !positions.isEmpty { return positions[ExactString(key)] }
        return members.firstIndex { ExactString($0.key) == ExactString(key) }
    }

    private mutating func remove(at position: Int) {
        var rest = members
        rest.remove(at: position)
        self = JSONObject()
        for member in rest { append(key: member.key, value: member.value) }
    }
}

extension JSONObject: RandomAccessCollection {
    /// The position of the first member: always 0.
    package var startIndex: Int { 0 }
    /// The number of members.
    package var endIndex: Int { members.count }
    /// Accesses the member at a position.
    package subscript(position: Int) -> Member { members[position] }
}

extension JSONObject: Equatable {
    /// Whether both hold equal members in the same order.
    package static func == (lhs: JSONObject, rhs: JSONObject) -> Bool {
        lhs.elementsEqual(rhs) { ExactString($0.key) == ExactString($1.key) && $0.value == $1.value }
    }
}

/// A string that equals another only byte for byte: JSON names are not compared up to canonical equivalence (RFC 8259, 8.3).
package struct ExactString: Hashable, Sendable {
    package let text: String

    package init(_ text: String) { self.text = text }

    package static func == (lhs: ExactString, rhs: ExactString) -> Bool {
        lhs.text.utf8.count == rhs.text.utf8.count && lhs.text.utf8.elementsEqual(rhs.text.utf8)
    }

    package func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}
