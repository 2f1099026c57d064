import Foundation
import NN
import Synchronization
import Tensors
import Testing

/// The README's example of a hook in Swift: what stands there is what is compiled here.
struct ReadmeExampleTests {
    @Test func printsWhatPassesThroughALayer() throws {
        let printed = Mutex<[String]>([])
        let print: @Sendable (Any...) -> Void = { words in
            printed.withLock { $0.append(words.map { "\($0)" }.joined(separator: " ")) }
        }
        let layer = try Linear(inFeatures: 4, outFeatures: 3, generator: Generator(seed: 0))
        let handle = layer.registerForwardHook { module, inputs, output in
            print(module.typeName, inputs[0].shape, "->", output.shape)
            return nil  // keep the output as it is
        }
        print(try layer(Tensor([1, 2, 3, 4] as [Float])))
        handle.remove()
        #expect(
            printed.withLock { $0 } == [
                "Linear torch.Size([4]) -> torch.Size([3])",
                "tensor([-2.6514,  1.3005, -0.8323], grad_fn=<ViewBackward0>)",
            ]
        )
    }

    @Test func standsInTheREADME() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let page = try String(contentsOf: root.appendingPathComponent("README.md"), encoding: .utf8)
        let source = try String(contentsOfFile: #filePath, encoding: .utf8)
        let snippet = page.components(separatedBy: "```swift\n").dropFirst().first?.components(separatedBy: "```").first
        let lines = try #require(snippet).split(separator: "\n").filter { !$0.hasPrefix("import ") }
        #expect(!lines.isEmpty)
        #expect(lines.allSatisfy { source.contains($0) })
    }
}
