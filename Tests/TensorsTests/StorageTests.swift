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
}
