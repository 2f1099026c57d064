import Foundation

/// The digits test images with PyTorch's answers, as `generate.py` beside the data wrote them.
struct Digits: Decodable {
    let labels: [Int]
    let images: [[Float]]
    let logits: [[Float]]

    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Fixtures/digits")

    static func load() throws -> Digits {
        try JSONDecoder().decode(Digits.self, from: Data(contentsOf: folder.appendingPathComponent("test.json")))
    }

    /// The `POST /v1/modules` body that builds the network with its trained weights.
    static func description(name: String) throws -> String {
        let weights = try String(contentsOf: folder.appendingPathComponent("network.json"), encoding: .utf8)
        return """
            {"name": "\(name)", "type": "Sequential", "modules": [
                {"type": "Linear", "in_features": 64, "out_features": 32}, {"type": "ReLU"},
                {"type": "Linear", "in_features": 32, "out_features": 10}], "state_dict": \(weights)}
            """
    }
}

/// The root of the repository.
let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
