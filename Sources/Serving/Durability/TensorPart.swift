import Models
import OrderedCollections
import Safetensors
import Store
import Tensors

/// A tensor as a part of a record: a safetensors file of it alone, whose key is "tensor".
struct TensorPart: PartSource {
    private static let key = "tensor"
    private let head: [UInt8]
    private let tensor: Tensor

    init(_ tensor: Tensor) {
        self.tensor = tensor
        head = Safetensors.head(of: tensor, named: Self.key)
    }

    var byteCount: Int { head.count + tensor.byteCount }

    func forEachPiece<Failure: Error>(_ body: (UnsafeRawBufferPointer) throws(Failure) -> Void) throws(Failure) {
        try head.withUnsafeBufferPointer { (head) throws(Failure) in try body(UnsafeRawBufferPointer(head)) }
        try tensor.withUnsafeBytes { (bytes) throws(Failure) in try body(bytes) }
    }

    /// Whether a tensor is kept as a file of its own.
    static func isFile(_ tensor: Tensor) -> Bool { tensor.byteCount > StorePart.rowLimit }

    /// Returns the tensor that a part holds that is a file: read, checked and, if it `isPacked`, packed in one pass.
    static func tensor(in part: String, of parts: StoredParts, isPacked: Bool) throws -> Tensor {
        let read: Result<Tensor, any Error> = try parts.read(part) { (reader) throws(StoreError) in
            let head = try head(in: &reader)
            do {
                return .success(
                    try Tensor(dtype: head.dtype, shape: head.shape, isPacked: isPacked) { piece throws(StoreError) in
                        try reader.read(into: piece)
                    }
                )
            } catch let error as StoreError {
                throw error
            } catch { return .failure(error) }
        }
        return try read.get()
    }

    private static func head(in reader: inout BlobReader) throws(StoreError) -> TensorHead {
        let (size, no) = (reader.byteCount, StoreError.damaged(reason: "a tensor is not what was written"))
        var bytes = [UInt8](repeating: 0, count: min(size, TensorHead.lengthByteCount))
        try reader.read(into: &bytes)
        guard let count = TensorHead.byteCount(in: bytes, fileSize: size), count < 1 << 20 else { throw no }
        var rest = [UInt8](repeating: 0, count: count - bytes.count)
        try reader.read(into: &rest)
        guard let head = try? TensorHead(of: bytes + rest, named: key, fileSize: size) else { throw no }
        return head
    }

    /// Returns the tensor that the bytes of a part hold.
    static func tensor(in bytes: [UInt8]) throws -> Tensor {
        guard let tensor = try Safetensors.tensors(in: bytes)[key] else {
            throw StoreError.damaged(reason: "a tensor is not what was written")
        }
        return tensor
    }
}

/// The tensors that were written as files before the change that brings them, by their storage.
struct WrittenTensors: Sendable {
    private var files: [ObjectIdentifier: (tensor: Tensor, file: StoredFile)] = [:]

    /// Writes those of `tensors` that are kept as files.
    init(_ tensors: [Tensor], to store: any RegistryStore) throws(StoreError) {
        for tensor in tensors where TensorPart.isFile(tensor) {
            files[ObjectIdentifier(tensor.storageOwner)] = (tensor, try store.write(TensorPart(tensor)))
        }
    }

    /// Returns the part that holds `tensor`.
    func part(_ tensor: Tensor) -> StorePart {
        let isFile = TensorPart.isFile(tensor)
        let known = isFile ? files[ObjectIdentifier(tensor.storageOwner)] : nil
        let isSame = known.map { $0.tensor.isSame(as: tensor) } ?? false
        return StorePart(TensorPart(tensor), isFile: isFile, stored: isSame ? known?.file : nil)
    }
}

extension Tensor {
    /// Whether both are the same elements of the same memory.
    func isSame(as other: Tensor) -> Bool {
        dtype == other.dtype && shape == other.shape
            && withUnsafeBytes { one in other.withUnsafeBytes { $0.baseAddress == one.baseAddress } }
    }

    /// Whether both have the same elements, bit for bit.
    func hasSameBits(as other: Tensor) -> Bool {
        guard dtype == other.dtype, shape == other.shape else { return false }
        return withUnsafeBytes { one in other.withUnsafeBytes { one.elementsEqual($0) } }
    }
}

extension RegistryChange {
    /// The tensors that the change brings along.
    var tensors: [Tensor] {
        switch self {
        case .put(_, let built, _):
            let given = built.stateDict ?? [:]
            return given.values + built.tree.ownTensors.filter { given[$0.key] == nil }.map(\.tensor)
        case .setTensor(_, _, let tensor): return tensor.map { [$0] } ?? []
        case .loadStateDict(let entries, _, _): return entries.values.elements
        case .addHook(let description, _, _), .addGlobalHook(let description, _):
            return Array(description.action.tensors.values)
        case .removeHook, .removeGlobalHook, .remove: return []
        }
    }
}
