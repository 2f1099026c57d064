// What a Swift programmer would write for one small layer: Hummingbird, Codable, two loops.
//     hummingbird-peer PORT WEIGHTS.json
import Foundation
import Hummingbird

struct Layer: Decodable {
    let weight: [[Float]]
    let bias: [Float]

    func callAsFunction(_ input: [Float]) throws -> [Float] {
        guard input.count == weight[0].count else { throw HTTPError(.unprocessableContent) }
        return zip(weight, bias).map { row, bias in zip(row, input).reduce(bias) { $0 + $1.0 * $1.1 } }
    }
}

struct Call: Decodable {
    let input: [Float]
}

struct Answer: ResponseEncodable {
    let output: [Float]
    let shape: [Int]
    let dtype: String
}

let layer = try JSONDecoder().decode(Layer.self, from: Data(contentsOf: URL(filePath: CommandLine.arguments[2])))
let router = Router()
router.post("/fc") { request, context in
    let call = try await request.decode(as: Call.self, context: context)
    return try Answer(output: layer(call.input), shape: [layer.bias.count], dtype: "float32")
}
let port = Int(CommandLine.arguments[1]) ?? 8080
let application = Application(router: router, configuration: .init(address: .hostname("127.0.0.1", port: port)))
try await application.runService()
