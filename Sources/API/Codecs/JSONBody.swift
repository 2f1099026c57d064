import JSON

/// Decodes a whole JSON text.
enum JSONBody {
    /// Returns what `read` makes of `bytes`.
    ///
    /// A text that is no JSON is 400, wherever in it the fault stands; one that is JSON but wrong is 422.
    static func decode<Value>(_ bytes: [UInt8], _ read: (inout JSONReader) throws -> Value) throws -> Value {
        var reader = JSONReader(bytes)
        do {
            let value = try read(&reader)
            try reader.finish()
            return value
        } catch let error as JSONError {
            throw syntaxProblem(in: bytes) ?? Problem(error, pointer: reader.pointer)
        } catch let problem as Problem {
            throw syntaxProblem(in: bytes) ?? problem
        }
    }

    private static func syntaxProblem(in bytes: [UInt8]) -> Problem? {
        var reader = JSONReader(bytes)
        do throws(JSONError) {
            try reader.skipValue()
            try reader.finish()
            return nil
        } catch {
            return error.isSyntax ? Problem(error, pointer: reader.pointer) : nil
        }
    }
}
