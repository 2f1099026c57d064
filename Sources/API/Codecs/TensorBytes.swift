import HTTP
import HTTPTypes
import JSON
import Tensors

/// Reads a tensor from `application/octet-stream`: little-endian, row-major, described by two fields.
enum TensorBytes {
    static func tensor(_ request: Request) throws -> Tensor {
        let shape = try shape(single(.tensorShape, in: request))
        let name = try single(.tensorDtype, in: request)
        guard let dtype = DType(rawValue: name) else {
            throw Problem(
                .malformedTensorHeaders,
                "Tensor-Dtype '\(name)' is no dtype.",
                expected: .array(DType.allCases.map { .string($0.rawValue) }),
                got: .string(name)
            )
        }
        do {
            return try Tensor(adopting: request.body, dtype: dtype, shape: shape)
        } catch {
            throw Problem(.malformedTensorBytes, error.message(), got: .number(.int(Int64(request.body.count))))
        }
    }

    private static func single(_ name: HTTPField.Name, in request: Request) throws(Problem) -> String {
        if let value = request.fields.onlyValue(of: name) { return value }
        throw Problem(
            .malformedTensorHeaders,
            "Bytes need exactly one \(name.rawName) field.",
            expected: .number(.int(1)),
            got: .number(.int(Int64(request.fields.values(of: name).count)))
        )
    }

    /// Reads `2,4`; spaces do not count, and an empty value is a scalar.
    private static func shape(_ text: String) throws(Problem) -> Shape {
        guard !text.isEmpty else { return .scalar }
        var sizes: [Int] = []
        for word in text.split(separator: ",", omittingEmptySubsequences: false) {
            let digits = word.filter { $0 != " " && $0 != "\t" }
            guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let size = Int(digits) else {
                throw Problem(
                    .malformedTensorHeaders,
                    "Tensor-Shape is a list of sizes such as 2,4.",
                    expected: "2,4",
                    got: .string(text)
                )
            }
            sizes.append(size)
        }
        do {
            return try Shape(checking: sizes)
        } catch {
            throw Problem(.malformedTensorHeaders, error.message(), got: .string(text))
        }
    }
}
