// Trains a small network on handwritten digits and shows its loss on the way down:
//     swift run -c release train-digits [folder with train.safetensors and test.json]
// Ends with an error unless it knows 95 in 100 digits that it has not seen.

import FoundationEssentials
import NN
import Tensors

let folder = CommandLine.arguments.dropFirst().first ?? "Tests/CallpathTests/Fixtures/digits"
let training = try Digits.training(in: URL(filePath: folder))
let test = try Digits.test(in: URL(filePath: folder))

let generator = Generator(seed: 0)
let network = try Sequential(
    Linear(inFeatures: 64, outFeatures: 32, generator: generator),
    ReLU(),
    Linear(inFeatures: 32, outFeatures: 10, generator: generator)
)
let surprise = try CrossEntropyLoss()
let optimizer = try Adam(network.parameters(), learningRate: 0.01)

print(network)
for step in 0...200 {
    optimizer.clearGrad()
    let loss = try surprise(network(training.images), training.labels)
    try loss.backward()
    try optimizer.step()
    guard step % 10 == 0 else { continue }
    let value = try loss.item()
    let bar = String(repeating: "#", count: Int(value * 30))
    print("step \(step)".padding(to: 9), "loss \(value.rounded(places: 4))".padding(to: 12), bar)
}

let accuracy = try network.eval().accuracy(on: test)
print("knows \((accuracy * 100).rounded(places: 1)) of 100 digits it has not seen")
guard accuracy >= 0.95 else { throw Digits.Failure.tooFewKnown(share: accuracy) }

extension Module {
    /// Returns the share of the digits to which this network gives the highest score.
    func accuracy(on digits: Digits) throws -> Double {
        let scores = try Autograd.withInferenceMode { try self(digits.images) }
        let rows = scores.scalars(as: Float.self)
        let labels = digits.labels.scalars(as: Int64.self).map(Int.init)
        let right = labels.indices.count { index in
            let row = rows[(index * 10)..<(index * 10 + 10)]
            return row.max() == row[row.startIndex + labels[index]]
        }
        return Double(right) / Double(labels.count)
    }
}

extension String {
    func padding(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - count))
    }
}

extension Double {
    func rounded(places: Int) -> Double {
        let scale = (0..<places).reduce(1.0) { scale, _ in scale * 10 }
        return (self * scale).rounded() / scale
    }
}
