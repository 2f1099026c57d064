package import JSON

/// Decodes a whole JSON text.
package enum JSONBody {
    /// Returns what `read` makes of `bytes`.
    ///
    /// A text that is no JSON is 400, wherever in it the fault stands; one that is JSON but wrong is 422.
    package static func decode<Value>(_ bytes: [UInt8], _ read: (inout JSONReader) throws -> Value) throws -> Value {
        var reader = JSONReader(bytes)
        do {
            let value = try read(&reader)
            try reader.finish()
            return value
        } catch let error as JSONError {
            throw syntaxProblem(in: bytes) ?? DocumentProblem(error, pointer: reader.pointer)
        } catch let problem as DocumentProblem {
            throw syntaxProblem(in: bytes) ?? problem
        }
    }

    private static func syntaxProblem(in bytes: [UInt8]) -> DocumentProblem? {
        var reader = JSONReader(bytes)
        do throws(JSONError) {
            try reader.skipValue()
            try reader.finish()
            return nil
        } catch {
            return error.isSyntax ? DocumentProblem(error, pointer: reader.pointer) : nil
        }
    }
}
