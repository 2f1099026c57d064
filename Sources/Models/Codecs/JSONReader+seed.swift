package import JSON

extension JSONReader {
    /// Reads a seed: PyTorch's range, negative numbers as two's complement.
    package mutating func readSeed() throws -> UInt64 {
        let pointer = pointer
        switch try readNumber() {
        case .int(let value): return UInt64(bitPattern: value)
        case .uint(let value): return value
        case .bigInteger:
            throw DocumentProblem(.invalidArgument, "Overflow when unpacking long long", pointer: pointer)
        case .double(let value):
            throw DocumentProblem(
                .invalidArgument,
                "A seed is a whole number.",
                got: .number(.double(value)),
                pointer: pointer
            )
        }
    }
}
