import HTTP
import HTTPTypes
import JSON
import Models
import Tensors
import Web

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

    /// Reads `2,4`, with blanks around sizes or without; an empty value is a scalar.
    private static func shape(_ text: String) throws(Problem) -> Shape {
        guard !text.isEmpty else { return .scalar }
        guard let sizes = sizes(text.utf8) else {
            throw Problem(
                .malformedTensorHeaders,
                "Tensor-Shape is a list of sizes such as 2,4.",
                expected: "2,4",
                got: .string(text)
            )
        }
        do {
            return try Shape(checking: sizes)
        } catch {
            throw Problem(.malformedTensorHeaders, error.message(), got: .string(text))
        }
    }

    /// Returns the numbers between commas, or `nil` if one is missing or too large, or anything else stands there.
    private static func sizes(_ text: String.UTF8View) -> [Int]? {
        var sizes: [Int] = []
        var size: Int?
        var isBehindSize = false
        for octet in text {
            switch octet {
            case UInt8(ascii: " "), UInt8(ascii: "\t"): isBehindSize = size != nil
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                guard !isBehindSize else { return nil }
                let (tens, isTooLarge) = (size ?? 0).multipliedReportingOverflow(by: 10)
                let (sum, overflow) = tens.addingReportingOverflow(Int(octet & 0xF))
                guard !isTooLarge, !overflow else { return nil }
                size = sum
            case UInt8(ascii: ","):
                guard let next = size.take() else { return nil }
                sizes.append(next)
                isBehindSize = false
            default: return nil
            }
        }
        guard let size else { return nil }
        sizes.append(size)
        return sizes
    }
}
