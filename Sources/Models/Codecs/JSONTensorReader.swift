package import JSON
package import Tensors

/// Reads a tensor from JSON: a nested list, or `{"data": ..., "shape": [...], "dtype": "float32"}`.
package struct JSONTensorReader {
    /// The dtype of a list that names none.
    package enum ListDType: Equatable {
        case fixed(DType)
        /// Whole numbers are int64, booleans bool, all else float64: for values that are converted when they are used.
        case widest
        /// What a table looks up: whole numbers are int64, booleans bool, all else float32.
        case indices

        /// What bare lists are for a module whose lists have `dtype`: only tables take int64.
        package init(ofModuleTaking dtype: DType?) {
            self = dtype == .int64 ? .indices : .fixed(dtype ?? .float32)
        }
    }

    private static let fields = ["data", "shape", "dtype"]

    /// The most bytes of a list that is not regular: its exact fault is found in a tree that costs many times its text.
    private static let maxIrregularBytes = 1 << 20

    package let listDType: ListDType

    package init(listDType: ListDType) {
        self.listDType = listDType
    }

    /// Reads the next value.
    package func read(_ reader: inout JSONReader) throws -> Tensor {
        guard try reader.peekKind() == .object else { return try list(&reader, as: listDType) }
        return try object(&reader)
    }

    private func object(_ reader: inout JSONReader) throws -> Tensor {
        var object = try ObjectReader(&reader, "A tensor")
        let dtype = try object.take("dtype") { try $0.readChoice(DType.self) }
        let shape = try object.take("shape", Self.shape)
        let tensor = try object.require("data") { data in
            let pointer = data.pointer
            let tensor = try list(&data, as: dtype.map(ListDType.fixed) ?? listDType)
            return try shape.map { try Self.lay(tensor, under: $0, pointer: pointer) } ?? tensor
        }
        try object.finish(known: Self.fields)
        return tensor
    }

    /// Lays flat data out under `shape`; nested data must have that shape already.
    private static func lay(_ tensor: Tensor, under shape: Shape, pointer: String) throws -> Tensor {
        guard tensor.shape != shape else { return tensor }
        guard tensor.elementCount == shape.elementCount, tensor.shape.count <= 1 || isStump(tensor.shape, of: shape)
        else {
            throw DocumentProblem(
                .invalidTensor,
                "shape '\(shape.dimensions)' is invalid for input of size \(tensor.elementCount)",
                expected: JSONValue(shape),
                got: JSONValue(tensor.shape),
                pointer: pointer
            )
        }
        return try tensor.reshaped(to: shape)
    }

    /// Returns whether nested lists that end in empty ones are what can be written of `shape`: no list tells what an
    /// empty one would hold.
    private static func isStump(_ nested: Shape, of shape: Shape) -> Bool {
        nested.elementCount == 0 && shape.starts(with: nested)
    }

    private static func shape(_ reader: inout JSONReader) throws -> Shape {
        let pointer = reader.pointer
        let axes = try reader.readArray { try $0.readInt() }
        do {
            return try Shape(checking: axes)
        } catch {
            throw DocumentProblem(.invalidTensor, error.message(), pointer: pointer)
        }
    }

    /// Reads a list or a single element: at once if it is regular, else by way of PyTorch's own rules and errors.
    private func list(_ reader: inout JSONReader, as listDType: ListDType) throws -> Tensor {
        if let tensor = try RegularList.read(&reader, as: listDType) { return tensor }
        let pointer = reader.pointer
        var end = reader
        try end.skipValue()
        guard end.offset - reader.offset <= Self.maxIrregularBytes else {
            throw DocumentProblem(
                .invalidTensor,
                "expected a rectangular list of numbers of one kind",
                pointer: pointer
            )
        }
        let value = try reader.readValue()
        do {
            return try IrregularList.tensor(value, as: listDType)
        } catch {
            throw DocumentProblem(.invalidTensor, error.message(), pointer: pointer)
        }
    }
}

extension JSONValue {
    /// The sizes of the axes as a list.
    init(_ shape: Shape) {
        self = .array(shape.dimensions.map { .number(.int(Int64($0))) })
    }
}
