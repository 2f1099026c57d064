import HTTP
import JSON
import Models
package import Web

extension LongWork {
    /// Bytes of JSON that one element of a tensor takes, about.
    private static let bytesPerElement = 12

    /// Returns whether writing so many elements as JSON is long work.
    ///
    /// - Throws: 422 if the text would go beyond `limit` bytes.
    package static func isLong(elements: Int, limit: Int) throws(Problem) -> Bool {
        let (bytes, overflow) = elements.multipliedReportingOverflow(by: bytesPerElement)
        guard !overflow, bytes <= limit else {
            throw Problem(
                .answerTooLarge,
                "As JSON this takes more than \(limit) bytes; ask for bytes or safetensors.",
                expected: .number(.int(Int64(limit)))
            )
        }
        return bytes >= byteCount
    }
}
