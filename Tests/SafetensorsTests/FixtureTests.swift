import Foundation
import OrderedCollections
import Safetensors
import Tensors
import Testing

/// Files that the reference implementation wrote (`Fixtures/generate.py`): read rightly, and written again byte for byte.
struct FixtureTests {
    @Test(arguments: ["every_dtype", "empty", "only_metadata", "shapes", "names", "special_values"])
    func writesTheVeryBytesItRead(name: String) throws {
        let bytes = try fixture(name)
        let contents = try Safetensors.contents(of: bytes)
        #expect(try Safetensors.bytes(of: contents.tensors, metadata: contents.metadata) == bytes)
        var reversed = OrderedDictionary<String, Tensor>()
        for (key, tensor) in contents.tensors.reversed() { reversed[key] = tensor }
        #expect(try Safetensors.bytes(of: reversed, metadata: contents.metadata) == bytes)
    }

    @Test func readsEveryDType() throws {
        let tensors = try Safetensors.tensors(in: fixture("every_dtype"))
        #expect(Set(tensors.keys) == Set(DType.allCases.map(\.rawValue)))
        for (name, tensor) in tensors {
            #expect(tensor.dtype.rawValue == name)
            #expect(tensor.shape == [2, 3])
            let expected: [Double] = tensor.dtype == .bool ? [0, 1, 1, 1, 1, 1] : [0, 1, 2, 3, 100, 127]
            #expect(tensor.scalars(as: Double.self) == expected)
        }
    }

    @Test func readsEveryShape() throws {
        let contents = try Safetensors.contents(of: fixture("shapes"))
        let shapes = contents.tensors.mapValues(\.shape.dimensions)
        #expect(
            Dictionary(uniqueKeysWithValues: shapes.map { ($0.key, $0.value) }) == [
                "scalar": [], "empty": [0], "no_rows": [0, 5], "no_columns": [3, 0, 2], "deep": [2, 1, 2, 2, 2],
                "bias": [2],
            ]
        )
        #expect(contents.tensors["scalar"]?.scalars(as: Float.self) == [1.5])
        #expect(contents.tensors["deep"]?.scalars(as: Float.self) == (0..<16).map(Float.init))
        #expect(contents.metadata == ["format": "pt"])
    }

    @Test func keepsNamesAndMetadataExact() throws {
        let contents = try Safetensors.contents(of: fixture("names"))
        #expect(contents.tensors.count == 8)
        #expect(contents.tensors["\u{8}\u{C}\n\r\t\"\\/\0\u{1F}\u{7F}"] != nil)
        #expect(contents.metadata == ["quote\"": "line\nfeed é 😀"])
    }

    @Test func keepsTheBitsOfSpecialValues() throws {
        let tensors = try Safetensors.tensors(in: fixture("special_values"))
        #expect(tensors["uint64"]?.scalars(as: UInt64.self) == [0, 1 << 63, .max])
        #expect(tensors["int64"]?.scalars(as: Int64.self) == [.min, .max])
        let floats = try #require(tensors["float32"]).scalars(as: Float.self)
        #expect(floats.map(\.bitPattern) == [0x7FC0_0000, 0x7F80_0000, 0xFF80_0000, 0x8000_0000, 1, 0x7F7F_FFFF])
    }

    @Test(arguments: ["e4m3", "e5m2"]) func decodesEveryNumberOfOneByte(name: String) throws {
        let tensors = try Safetensors.tensors(in: fixture("float8"))
        let (decoded, expected) = (try #require(tensors[name]), try #require(tensors["\(name) as float32"]))
        #expect(decoded.dtype == .float32)
        #expect(decoded.shape == [256])
        for (got, wanted) in zip(decoded.scalars(as: Float.self), expected.scalars(as: Float.self)) {
            #expect(got.bitPattern == wanted.bitPattern || (got.isNaN && wanted.isNaN))
        }
    }

    @Test func tellsOfTypesThatNoTensorHas() throws {
        let contents = try Safetensors.contents(of: fixture("complex"))
        #expect(contents.foreign == ["c": "C64", "z": "C64"])
        #expect(Array(contents.tensors.keys) == ["a"])
        let error = SafetensorsError.unsupportedDType("C64", tensor: contents.foreign.keys[0])
        #expect(throws: error) { try Safetensors.tensors(in: fixture("complex")) }
    }

    @Test func everyPrefixIsNamedAsCut() throws {
        let bytes = try fixture("shapes")
        for count in bytes.indices {
            #expect(throws: SafetensorsError.self) { try Safetensors.tensors(in: Array(bytes.prefix(count))) }
        }
    }

    @Test func everyByteChangedIsReadOrRefused() throws {
        let bytes = try fixture("shapes")
        for index in bytes.indices {
            for byte: UInt8 in [0, 1, 0x20, 0x22, 0x2C, 0x2D, 0x30, 0x39, 0x5B, 0x5D, 0x7B, 0x7D, 0x7F, 0x80, 0xFF] {
                var changed = bytes
                changed[index] = byte
                guard let contents = try? Safetensors.contents(of: changed) else { continue }
                let written = try Safetensors.bytes(of: contents.tensors, metadata: contents.metadata)
                #expect(try Safetensors.contents(of: written).metadata == contents.metadata)
            }
        }
    }

    private func fixture(_ name: String) throws -> [UInt8] {
        let url = try #require(
            Bundle.module.url(forResource: name, withExtension: "safetensors", subdirectory: "Fixtures")
        )
        return Array(try Data(contentsOf: url))
    }
}
