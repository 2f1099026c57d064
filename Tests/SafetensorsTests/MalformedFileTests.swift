import JSON
import OrderedCollections
import Safetensors
import Tensors
import Testing

/// One row for each way in which a file can be wrong.
struct MalformedFileTests {
    @Test(
        arguments: [
            ([], SafetensorsError.lengthTruncated(byteCount: 0)), ([1, 2, 3], .lengthTruncated(byteCount: 3)),
            ([0, 0, 0, 0, 0, 0, 0, 0x80], .headerTooLarge(byteCount: 1 << 63, limit: 100_000_000)),
            ([0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], .headerTooLarge(byteCount: .max, limit: 100_000_000)),
            ([0x01, 0xE1, 0xF5, 0x05, 0, 0, 0, 0], .headerTooLarge(byteCount: 100_000_001, limit: 100_000_000)),
            ([0x00, 0xE1, 0xF5, 0x05, 0, 0, 0, 0], .headerTruncated(expected: 100_000_000, got: 0)),
            ([3, 0, 0, 0, 0, 0, 0, 0, 0x7B, 0x7D], .headerTruncated(expected: 3, got: 2)),
            (
                [0, 0, 0, 0, 0, 0, 0, 0],
                .malformedHeader(JSONError(offset: 8, reason: .unexpected(expected: "a value", got: nil)))
            ),
        ] as [([UInt8], SafetensorsError)]
    )
    func namesABadLength(bytes: [UInt8], expected: SafetensorsError) {
        #expect(throws: expected) { try Safetensors.tensors(in: bytes) }
    }

    @Test(arguments: [
        ("[]", JSONError(offset: 8, reason: .kindMismatch(expected: .object, got: .array))),
        ("{", JSONError(offset: 9, reason: .unexpected(expected: "a string", got: nil))),
        ("{} x", JSONError(offset: 11, reason: .trailingText(0x78))),
        ("{}\0", JSONError(offset: 10, reason: .trailingText(0))),
        ("{\"a\":1}", JSONError(offset: 13, reason: .kindMismatch(expected: .object, got: .number))),
        ("{\"__metadata__\":{\"a\":1}}", JSONError(offset: 29, reason: .kindMismatch(expected: .string, got: .number))),
        ("{\"__metadata__\":[]}", JSONError(offset: 24, reason: .kindMismatch(expected: .object, got: .array))),
        ("{\"a\":{\"dtype\":1}}", JSONError(offset: 22, reason: .kindMismatch(expected: .string, got: .number))),
        ("{\"a\":{\"shape\":[-0]}}", JSONError(offset: 23, reason: .numberOutOfRange("-0"))),
        ("{\"a\":{\"shape\":[2, -0, 3]}}", JSONError(offset: 26, reason: .numberOutOfRange("-0"))),
        ("{\"a\":{\"data_offsets\":[-0,0]}}", JSONError(offset: 30, reason: .numberOutOfRange("-0"))),
        ("{\"a\":{\"data_offsets\":[0,  -0]}}", JSONError(offset: 34, reason: .numberOutOfRange("-0"))),
        ("{\"a\":{\"shape\":[1.0]}}", JSONError(offset: 23, reason: .numberOutOfRange("1.0"))),
        (
            "{\"a\":{\"shape\":[18446744073709551616]}}",
            JSONError(offset: 23, reason: .numberOutOfRange("18446744073709551616"))
        ),
        (
            "{\"a\":{\"data_offsets\":[9223372036854775808,0]}}",
            JSONError(offset: 30, reason: .numberOutOfRange("9223372036854775808"))
        ),
    ])
    func namesABadHeader(header: String, expected: JSONError) {
        #expect(throws: SafetensorsError.malformedHeader(expected)) { try Safetensors.tensors(in: file(header)) }
    }

    @Test func namesInvalidUTF8() {
        let header: [UInt8] = [0x7B, 0x22, 0xFF, 0x22, 0x3A, 0x7B, 0x7D, 0x7D]
        let expected = SafetensorsError.malformedHeader(JSONError(offset: 10, reason: .invalidUTF8))
        #expect(throws: expected) { try Safetensors.tensors(in: [8, 0, 0, 0, 0, 0, 0, 0] + header) }
    }

    @Test(arguments: [
        ("{\"a\":{},\"a\":{}}", SafetensorsError.missingField("dtype", tensor: "a")),
        ("{\(entry("a")),\(entry("a"))}", .duplicateKey("a")),
        ("{\(entry("a")),\"\\u0061\":{}}", .duplicateKey("a")),
        ("{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\"}}", .duplicateKey("dtype")),
        ("{\"__metadata__\":{\"k\":\"1\",\"k\":\"2\"}}", .duplicateKey("k")),
        ("{\"__metadata__\":{},\"__metadata__\":{}}", .duplicateKey("__metadata__")),
        ("{\(entry("\u{E9}")),\(entry("e\u{301}", offsets: "[4,8]"))}", .duplicateKey("e\u{301}")),
        ("{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", .missingField("shape", tensor: "a")),
        ("{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", .missingField("data_offsets", tensor: "a")),
        ("{\(entry("a", dtype: "C64", offsets: "[0,8]"))}", .unsupportedDType("C64", tensor: "a")),
        ("{\(entry("a", dtype: "F8_E3M4"))}", .unsupportedDType("F8_E3M4", tensor: "a")),
        ("{\(entry("a", dtype: "f32"))}", .unsupportedDType("f32", tensor: "a")),
        ("{\(entry("a", shape: "[-1]"))}", .impossibleShape(.negativeDimension(-1, shape: [-1]), tensor: "a")),
        (
            "{\(entry("a", shape: "[4294967296,4294967296]"))}",
            .impossibleShape(.storageOverflow(shape: [1 << 32, 1 << 32]), tensor: "a")
        ),
        (
            "{\(entry("a", shape: "[4611686018427387904]"))}",
            .impossibleShape(.storageOverflow(shape: [1 << 62]), tensor: "a")
        ),
        (
            "{\(entry("a", shape: "[4294967296,4294967296,0]"))}",
            .impossibleShape(.storageOverflow(shape: [1 << 32, 1 << 32, 0]), tensor: "a")
        ),
        (
            "{\(entry("a", shape: "[\([String](repeating: "1", count: 100_000).joined(separator: ","))]"))}",
            .impossibleShape(.tooManyAxes(129), tensor: "a")
        ),
        ("{\(entry("a", offsets: "[0,1,2,3,4,5]"))}", .invalidOffsets([0, 1, 2], tensor: "a")),
        ("{\(entry("a", offsets: "[0]"))}", .invalidOffsets([0], tensor: "a")),
        ("{\(entry("a", offsets: "[]"))}", .invalidOffsets([], tensor: "a")),
        ("{\(entry("a", offsets: "[0,4,8]"))}", .invalidOffsets([0, 4, 8], tensor: "a")),
        ("{\(entry("a", offsets: "[4,0]"))}", .invalidOffsets([4, 0], tensor: "a")),
        ("{\(entry("a", offsets: "[-4,0]"))}", .invalidOffsets([-4, 0], tensor: "a")),
        ("{\(entry("a", shape: "[2]"))}", .sizeMismatch(expected: 8, got: 4, tensor: "a")),
        ("{\(entry("a", shape: "[]", dtype: "F64"))}", .sizeMismatch(expected: 8, got: 4, tensor: "a")),
        (
            "{\(entry("a", offsets: "[0,9223372036854775807]"))}",
            .dataTruncated(expected: .max, got: 8, tensor: "a")
        ),
        ("{\(entry("a", offsets: "[8,12]"))}", .dataTruncated(expected: 12, got: 8, tensor: "a")),
        ("{\(entry("a")),\(entry("b"))}", .overlap(expected: 4, got: 0, tensor: "b")),
        (
            "{\(entry("a", shape: "[2]", offsets: "[0,8]")),\(entry("b", offsets: "[4,8]"))}",
            .overlap(expected: 8, got: 4, tensor: "b")
        ),
        ("{\(entry("a", offsets: "[4,8]"))}", .hole(expected: 0, got: 4, tensor: "a")),
        (
            "{\(entry("a", dtype: "U8", offsets: "[0,1]")),\(entry("b", offsets: "[4,8]"))}",
            .hole(expected: 1, got: 4, tensor: "b")
        ),
        ("{\(entry("a"))}", .trailingData(expected: 4, got: 8)), ("{}", .trailingData(expected: 0, got: 8)),
    ])
    func namesABadEntry(header: String, expected: SafetensorsError) {
        #expect(throws: expected) { try Safetensors.tensors(in: file(header, dataCount: 8)) }
    }

    @Test(arguments: [
        "{\(entry("a")),\(entry("b", offsets: "[4,8]"))}   ", " {\(entry("b", offsets: "[4,8]")),\(entry("a"))}",
        "{\(entry("a", shape: "[2]", offsets: "[0,8]")),\(entry("z", shape: "[0]", offsets: "[8,8]"))}",
        "{\(entry("z", shape: "[0,9223372036854775807]", offsets: "[0,0]")),\(entry("a", shape: "[1,2]", offsets: "[0,8]"))}",
        "{\"a\":{\"data_offsets\":[0,8],\"shape\":[8],\"later\":{\"x\":[null]},\"dtype\":\"BOOL\"},\"__metadata__\":null}",
    ])
    func readsWhatIsUnusualButRight(header: String) throws {
        _ = try Safetensors.tensors(in: file(header, dataCount: 8))
    }

    @Test func takesAnyByteForABool() throws {
        let tensors = try Safetensors.tensors(
            in: file("{\(entry("a", shape: "[4]", dtype: "BOOL"))}", data: [0, 1, 2, 255])
        )
        #expect(tensors["a"]?.scalars(as: UInt8.self) == [0, 1, 1, 1])
    }

    @Test func writesNoTensorUnderTheReservedName() throws {
        let tensor = try Tensor(scalar: Float(1))
        #expect(throws: SafetensorsError.reservedName("__metadata__")) {
            try Safetensors.bytes(of: ["__metadata__": tensor])
        }
    }

    @Test func saysItInWords() {
        #expect(
            SafetensorsError.hole(expected: 1, got: 4, tensor: "b").message
                == "b: expected data from byte 1, got 4, which leaves a hole"
        )
        #expect(
            SafetensorsError.headerTooLarge(byteCount: 1 << 63, limit: 100_000_000).message
                == "expected a header of at most 100000000 bytes, got 9223372036854775808"
        )
    }
}

private func entry(
    _ name: String,
    shape: String = "[1]",
    dtype: String = "F32",
    offsets: String = "[0,4]"
) -> String {
    "\"\(name)\":{\"dtype\":\"\(dtype)\",\"shape\":\(shape),\"data_offsets\":\(offsets)}"
}

private func file(_ header: String, dataCount: Int = 0) -> [UInt8] {
    file(header, data: [UInt8](repeating: 0, count: dataCount))
}

private func file(_ header: String, data: [UInt8]) -> [UInt8] {
    let text = Array(header.utf8)
    return (0..<8).map { UInt8(truncatingIfNeeded: text.count >> ($0 * 8)) } + text + data
}
