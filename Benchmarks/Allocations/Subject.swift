import JSON
import NN
import Tensors

/// What is counted: one closure, prepared beforehand, that does all its work on the thread that runs it.
struct Subject {
    let name: String
    let run: () throws -> Void

    /// All subjects, in the order in which they are printed.
    static func all() async throws -> [Subject] {
        try [linear(), parse(1_000), write(1_000)] + (try await requests())
    }

    private static func linear() throws -> Subject {
        let layer = try Linear(inFeatures: 4, outFeatures: 3, generator: Generator(seed: 0))
        let input = try Tensor([1, 2, 3, 4] as [Float])
        return Subject(name: "call of a 4x3 layer in Swift") { _ = try layer(input) }
    }

    private static func parse(_ count: Int) throws -> Subject {
        let text = Array("\((0..<count).map { Float($0) / 7 })".utf8)
        return Subject(name: "\(count) JSON numbers read") {
            var reader = JSONReader(text)
            guard reader.readFloats()?.elements.count == count else { throw Failure("the list was not read") }
        }
    }

    private static func write(_ count: Int) throws -> Subject {
        let floats = (0..<count).map { Float($0) / 7 }
        return Subject(name: "\(count) JSON numbers written") {
            var writer = JSONWriter()
            try floats.withUnsafeBufferPointer { try writer.write($0, shape: [count]) }
            guard writer.finish().count > count else { throw Failure("the list was not written") }
        }
    }
}
