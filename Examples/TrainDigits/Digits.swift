import FoundationEssentials
import JSON
import OrderedCollections
import Safetensors
import Tensors

/// Images of handwritten digits, eight by eight grey values from 0 to 1, with what they show.
struct Digits {
    let images: Tensor
    let labels: Tensor

    enum Failure: Error {
        case tooFewKnown(share: Double)
        case missing(String)
    }

    /// Reads the images that `generate.py` set apart for training.
    static func training(in folder: URL) throws -> Digits {
        let bytes = try Data(contentsOf: folder.appending(path: "train.safetensors"))
        let tensors = try Safetensors.tensors(in: Array(bytes))
        guard let images = tensors["images"], let labels = tensors["labels"] else { throw Failure.missing("tensors") }
        return Digits(images: try images.converted(to: .float32) / 16, labels: try labels.converted(to: .int64))
    }

    /// Reads the images that training never sees.
    static func test(in folder: URL) throws -> Digits {
        let document = try JSONValue(parsing: Array(Data(contentsOf: folder.appending(path: "test.json"))))
        guard let labels = document["labels"]?.asArray, let images = document["images"]?.asArray else {
            throw Failure.missing("images")
        }
        let pixels = images.flatMap { ($0.asArray ?? []).compactMap(\.asDouble).map { Float($0) } }
        return Digits(
            images: try Tensor(pixels, shape: Shape(checking: [images.count, 64])),
            labels: try Tensor(labels.compactMap { $0.asInt.map { Int64($0) } })
        )
    }
}
