import JSON
import Tensors

/// What stands between brackets in PyTorch, as data: `x[0, 1:, ..., [0, 3]]` is
/// `[0, {"slice": [1, null, null]}, {"ellipsis": true}, [0, 3]]`.
enum IndexCodec {
    /// Reads the next value, a list of the parts or one of them alone.
    static func read(_ reader: inout JSONReader) throws -> [Index] {
        let pointer = reader.pointer
        guard try reader.peekKind() == .array else { return [try part(&reader)] }
        return try reader.readArray { reader in try part(&reader) }.checked(at: pointer)
    }

    private static func part(_ reader: inout JSONReader) throws -> Index {
        switch try reader.peekKind() {
        case .number: return .at(try reader.readInt())
        case .array: return .tensor(try Tensor(try reader.readArray { Int64(try $0.readInt()) }))
        case .object:
            var object = try ObjectReader(&reader, "A part of an index")
            let slice = try object.take("slice", slice)
            let ellipsis = try object.take("ellipsis") { try $0.readBool() }
            try object.finish(known: ["slice", "ellipsis"])
            switch (slice, ellipsis) {
            case (let slice?, nil): return slice
            case (nil, true?): return .ellipsis
            default: throw problem(at: object.pointer)
            }
        case let kind: throw problem(", got \(kind)", at: reader.pointer)
        }
    }

    private static func problem(_ came: String = "", at pointer: String) -> DocumentProblem {
        DocumentProblem(
            .invalidHook,
            #"A part of an index is a whole number, a list of them, {"slice": [start, stop, step]} or {"ellipsis": true}\#(came)."#,
            pointer: pointer
        )
    }

    private static func slice(_ reader: inout JSONReader) throws -> Index {
        let pointer = reader.pointer
        let bounds = try reader.readArray { try $0.readOptional { try $0.readInt() } }
        // One number alone is a stop to Python and would be a start here.
        guard (2...3).contains(bounds.count) else {
            throw DocumentProblem(
                .invalidHook,
                "A slice is [start, stop] or [start, stop, step], got a list of \(bounds.count).",
                pointer: pointer
            )
        }
        let all = bounds + [Int?](repeating: nil, count: 3 - bounds.count)
        return .slice(start: all[0], stop: all[1], step: all[2])
    }

    static func write(_ parts: [Index], to writer: inout JSONWriter) {
        writer.beginArray()
        for part in parts { write(part, to: &writer) }
        writer.endArray()
    }

    private static func write(_ part: Index, to writer: inout JSONWriter) {
        switch part {
        case .at(let number): writer.write(number)
        case .tensor(let numbers):
            writer.beginArray()
            for number in numbers.scalars(as: Int64.self) { writer.write(number) }
            writer.endArray()
        case .slice(let start, let stop, let step):
            writer.beginObject()
            writer.key("slice")
            writer.beginArray()
            for bound in [start, stop, step] {
                if let bound { writer.write(bound) } else { writer.writeNull() }
            }
            writer.endArray()
            writer.endObject()
        case .ellipsis, .newAxis, .bool:
            writer.beginObject()
            writer.member("ellipsis", true)
            writer.endObject()
        }
    }
}

extension [Index] {
    /// Returns the parts if there are no more of them than a tensor can have axes.
    fileprivate func checked(at pointer: String) throws -> Self {
        guard count > Shape.maximumRank else { return self }
        throw DocumentProblem(
            .invalidHook,
            "An index has at most \(Shape.maximumRank) parts, got \(count).",
            expected: .number(.int(Int64(Shape.maximumRank))),
            got: .number(.int(Int64(count))),
            pointer: pointer
        )
    }
}
