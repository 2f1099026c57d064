package import HTTPTypes

/// The field lines of an answer as they will be sent: one run of octets, sent with one copy.
///
/// Names compare as ASCII without case, and each stands once. No value can end its line. The fields that frame a
/// message are the serializer's alone: they are left out.
package struct ResponseFields: Sendable, Equatable, ExpressibleByDictionaryLiteral {
    /// `Name: value` and a line end for each field.
    private(set) var octets: [UInt8] = []
    /// Whether the content is said to be coded.
    private(set) var isCoded = false
    /// Whether the content is of a type that compresses well.
    private(set) var isCompressible = false
    /// Whether caches are told that clients which take other codings may get other octets.
    private(set) var variesByCoding = false

    /// Whether the content goes as it is, to clients that say they take codings and take none.
    package var isPlain = false

    /// Creates the lines of `elements`, in their order.
    package init(dictionaryLiteral elements: (HTTPField.Name, String)...) {
        for (name, value) in elements { self[name] = value }
    }

    /// Accesses the value of `name`, in O(length of all lines).
    package subscript(name: HTTPField.Name) -> String? {
        get { place(of: name).map { String(decoding: octets[$0], as: UTF8.self) } }
        set {
            if name == .contentEncoding { isCoded = newValue != nil }
            if name == .contentType { isCompressible = newValue.flatMap { MediaType($0) }?.isCompressible ?? false }
            if name == .vary { variesByCoding = false }
            guard let place = place(of: name) else {
                if let newValue { append(name, newValue) }
                return
            }
            if let newValue {
                octets.replaceSubrange(place, with: Self.harmless(newValue))
            } else {
                octets.removeSubrange(place.lowerBound - name.rawName.utf8.count - 2..<place.upperBound + 2)
            }
        }
    }

    /// Creates a copy of `fields` with room for `byteCount` octets of lines in all, so that adding some moves nothing.
    package init(_ fields: ResponseFields, room byteCount: Int) {
        octets.append(atMost: max(byteCount, fields.octets.count)) { $0.write(fields.octets) }
        isCoded = fields.isCoded
        isCompressible = fields.isCompressible
        variesByCoding = fields.variesByCoding
        isPlain = fields.isPlain
    }

    /// Adds a field whose name is known not to stand here yet, nor to frame or code anything.
    package mutating func append(_ name: StaticString, _ value: String) {
        octets.append(atMost: name.utf8CodeUnitCount + value.utf8.count + 4) { writer in
            writer.write(name)
            writer.write(": ")
            writer.writeValue(value)
            writer.write("\r\n")
        }
    }

    /// Adds a field as `append(_:_:)` does whose value is `number`, which is not negative.
    package mutating func append(_ name: StaticString, decimal number: Int) {
        octets.append(atMost: name.utf8CodeUnitCount + 24) { writer in
            writer.write(name)
            writer.write(": ")
            writer.write(decimal: number)
            writer.write("\r\n")
        }
    }

    /// Adds a field as `append(_:_:)` does whose value is `numbers`, none of them negative, with commas between them.
    package mutating func append(_ name: StaticString, decimals numbers: [Int]) {
        octets.append(atMost: name.utf8CodeUnitCount + 4 + 20 * numbers.count) { writer in
            writer.write(name)
            writer.write(": ")
            for index in numbers.indices {
                if index > 0 { writer.write(",") }
                writer.write(decimal: numbers[index])
            }
            writer.write("\r\n")
        }
    }

    private mutating func append(_ name: HTTPField.Name, _ value: String) {
        guard !Self.framesMessages(name) else { return }
        octets.append(atMost: name.rawName.utf8.count + value.utf8.count + 4) { writer in
            writer.write(utf8Of: name.rawName)
            writer.write(": ")
            writer.writeValue(value)
            writer.write("\r\n")
        }
    }

    /// Adds `member` to the list that the value of `name` is.
    package mutating func append(_ member: String, toListOf name: HTTPField.Name) {
        guard let place = place(of: name) else { return append(name, member) }
        octets.insert(contentsOf: ", ".utf8, at: place.upperBound)
        octets.insert(contentsOf: member.utf8, at: place.upperBound + 2)
    }

    /// Tells caches that clients which take other codings may get other octets (RFC 9110 12.5.5).
    package mutating func varyByCoding() {
        guard !variesByCoding else { return }
        append("Accept-Encoding", toListOf: .vary)
        variesByCoding = true
    }

    /// Returns these fields, telling caches that clients which take other codings may get other octets.
    package consuming func varyingByCoding() -> ResponseFields {
        varyByCoding()
        return self
    }

    /// Returns whether `name` stands here.
    package func contains(_ name: HTTPField.Name) -> Bool {
        place(of: name) != nil
    }

    /// Where the value of `name` stands.
    private func place(of name: HTTPField.Name) -> Range<Int>? {
        let lines = octets.span
        let nameCount = name.canonicalName.utf8.count
        var start = 0
        while start < lines.count {
            let end = lines.firstControl(from: start)
            let colon = start + nameCount
            if colon < end, lines[colon] == UInt8(ascii: ":"), octets.isName(name, at: start) { return colon + 2..<end }
            start = end + 2
        }
        return nil
    }

    /// Returns the octets of `value`, and a space for each that would end its line early (RFC 9110 5.5).
    private static func harmless(_ value: String) -> [UInt8] {
        value.utf8.map { $0.isControl ? .space : $0 }
    }

    private static func framesMessages(_ name: HTTPField.Name) -> Bool {
        switch name.canonicalName.utf8.count {
        case 4: name == .date
        case 10: name == .connection || name.canonicalName == "keep-alive"
        case 14: name == .contentLength
        case 17: name == .transferEncoding
        default: false
        }
    }
}
