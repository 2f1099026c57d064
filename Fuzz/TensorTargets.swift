import OrderedCollections
import Safetensors
import Tensors

/// A tensor's bytes: a type, a rank, a byte for each axis, and the data.
func fuzzBinaryTensor(_ input: [UInt8]) {
    guard input.count >= 2 else { return }
    let dtype = DType.allCases[Int(input[0]) % DType.allCases.count]
    let rank = min(Int(input[1] % 6), input.count - 2)
    // Sizes from 0 to 127, and above them powers of two up to 2^62.
    let sizes = input[2..<2 + rank].map { $0 < 128 ? Int($0) : 1 << (Int($0) % 63) }
    let data = input[(2 + rank)...]
    let tensor = data.withUnsafeBytes { bytes in
        try? Tensor(bytes: bytes, dtype: dtype, shape: Shape(checking: sizes))
    }
    guard let tensor else { return }
    precondition(tensor.byteCount == data.count && tensor.shape.elementCount * dtype.itemSize == data.count)
    guard let again = tensor.withUnsafeBytes({ try? Tensor(bytes: $0, dtype: dtype, shape: tensor.shape) }) else {
        preconditionFailure("its own bytes are refused")
    }
    precondition(bytes(of: again) == bytes(of: tensor))
    guard tensor.elementCount < 4096 else { return }
    _ = tensor.text()
    for other in DType.allCases { precondition((try? tensor.converted(to: other))?.shape == tensor.shape) }
}

/// A safetensors file: what is read is written and read again as itself.
func fuzzSafetensors(_ input: [UInt8]) {
    guard let contents = try? Safetensors.contents(of: input) else { return }
    precondition(contents.tensors.values.reduce(0) { $0 + $1.byteCount } <= input.count)
    guard let written = try? Safetensors.bytes(of: contents.tensors, metadata: contents.metadata),
        let again = try? Safetensors.contents(of: written)
    else { preconditionFailure("what was read cannot be written") }
    precondition(again.metadata == contents.metadata)
    precondition(Set(again.tensors.keys) == Set(contents.tensors.keys))
    for (name, tensor) in contents.tensors {
        precondition(again.tensors[name]?.dtype == tensor.dtype && again.tensors[name]?.shape == tensor.shape)
        precondition(again.tensors[name].map(bytes) == bytes(of: tensor))
    }
    precondition((try? Safetensors.bytes(of: again.tensors, metadata: again.metadata)) == written)
}

private func bytes(of tensor: Tensor) -> [UInt8] { tensor.withUnsafeBytes { Array($0) } }
