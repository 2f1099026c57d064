import Tensors
import Testing

struct StorageTests {
    @Test func alignsEveryTensorToALineOfTheCache() throws {
        for count in [0, 1, 3, 16, 17, 1000, 100_000] {
            let tensor = try Tensor.zeros(Shape(checking: [count]), dtype: .uint8)
            let address = tensor.withUnsafeBytes { $0.baseAddress.map { UInt(bitPattern: $0) } }
            #expect(try #require(address) % 64 == 0)
        }
    }

    @Test func passesErrorsOfWritersOn() {
        struct Refusal: Error {}
        #expect(throws: Refusal.self) {
            try Tensor(dtype: .float32, shape: [2]) { (_: UnsafeMutableRawBufferPointer) throws(Refusal) in
                throw Refusal()
            }
        }
    }

    @Test func keepsBytesAliveThroughTheirOwner() throws {
        var tensor: Tensor? = try Tensor([1, 2, 3] as [Int32])
        let owner = tensor?.storageOwner
        let bytes = tensor?.withUnsafeBytes { $0 }
        tensor = nil
        #expect(withExtendedLifetime(owner) { bytes.map { [UInt8]($0) } } == [1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0])
    }

    @Test func leavesAdoptedBytesWhereTheyAre() throws {
        let bytes: [UInt8] = [0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0]
        let address = bytes.withUnsafeBytes { $0.baseAddress }
        let tensor = try Tensor(adopting: bytes, dtype: .float32, shape: [2])
        #expect(tensor.withUnsafeBytes { $0.baseAddress } == address)
        #expect(tensor.scalars(as: Float.self) == [1, -2])
    }

    @Test func keepsAdoptedBytesFromChangingAndAlive() throws {
        var bytes: [UInt8] = [1, 2, 3, 4]
        let tensor = try Tensor(adopting: bytes, dtype: .uint8, shape: [2, 2])
        bytes[0] = 9
        bytes = []
        #expect(tensor.scalars(as: UInt8.self) == [1, 2, 3, 4])
    }

    @Test func copiesWhatItCannotAdopt() throws {
        let flags = try Tensor(adopting: [0, 1, 7], dtype: .bool, shape: [3])
        #expect(flags.withUnsafeBytes { [UInt8]($0) } == [0, 1, 1])
        #expect(try Tensor(adopting: [], dtype: .float32, shape: [0]).elementCount == 0)
        var roomy: [UInt8] = [1, 2]
        roomy.reserveCapacity(1 << 20)
        let tensor = try Tensor(adopting: roomy, dtype: .uint8, shape: [2])
        #expect(tensor.withUnsafeBytes { $0.baseAddress } != roomy.withUnsafeBytes { $0.baseAddress })
        #expect(throws: TensorError.byteCountMismatch(.float32, shape: [2], expected: 8, got: 2)) {
            try Tensor(adopting: [1, 2], dtype: .float32, shape: [2])
        }
    }
}
