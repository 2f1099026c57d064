import FoundationEssentials
import JSON
import NN
import Serving
import OrderedCollections
import Tensors
import Testing

@testable import Models

/// Layers made of descriptions against PyTorch: bits of a seed, text, values, gradients, names of nodes, errors.
struct LayerTests {
    @Test(arguments: LayerCase.all) func agreesWithPyTorch(_ given: LayerCase) throws {
        do {
            let module = try Warnings.handled(by: { _ in }) { try make(given) }
            if let text = given.content["repr"]?.asString { #expect(module.description == text) }
            try expectState(module.stateDict(), given)
            let inputs = try given.inputs()
            guard !inputs.isEmpty else { return expectNoError(given) }
            try Warnings.handled(by: { _ in }) {
                try CallContext(generator: Generator(seed: given.seed + 1)).run { try call(module, inputs, given) }
            }
            expectNoError(given)
        } catch let problem as DescriptionProblem {
            try expect(problem.message, given)
        } catch let error as TensorError {
            try expect(error.message(), given)
        } catch let error as ModuleError {
            try expect(error.message(), given)
        }
    }

    @Test func hasCases() {
        #expect(LayerCase.all.count > 100)
    }

    @Test func namesEveryTypeInTheOpenAPIDocument() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..")
        let document = try String(contentsOf: root.appending(path: "openapi.yaml"), encoding: .utf8)
        let lines = document.split(separator: "\n").drop { $0 != "    ModuleType:" }.drop { $0 != "      enum:" }
        let names = lines.dropFirst().prefix { $0.hasPrefix("        - ") }.map { String($0.dropFirst(10)) }
        #expect(Set(names) == Set(LayerType.all.keys))
        #expect(names.count == LayerType.all.count)
    }

    private func make(_ given: LayerCase) throws -> Module {
        var checker = DescriptionChecker(limits: ServingLimits().descriptions)
        let layer = try checker.check(root: .layer(given.description))
        var builder = TreeBuilder(seed: given.seed, isTraining: given.isTraining)
        return try builder.build(layer)
    }

    private func call(_ module: Module, _ inputs: [Tensor], _ given: LayerCase) throws {
        let expected = given.content
        let leaves = try inputs.map { $0.dtype.isFloatingPoint && given.goesBackward ? try $0.requiringGrad() : $0 }
        let output = try #require(try module(Arguments(leaves)).tensor)
        guard let wanted = expected["output"] else { return }
        try expectClose(output, wanted, "output")
        #expect(output.gradFn?.name.current == expected["grad_fn"]?.asString)
        if let gradients = expected["grad_inputs"]?.asArray {
            try output.backward(gradient: Tensor(filling: output.shape, salt: 5, dtype: output.dtype))
            for (leaf, gradient) in zip(leaves, gradients) { try expectClose(leaf.grad, gradient, "gradient of input") }
            for (name, gradient) in expected["grads"]?.asObject ?? JSONObject() {
                let parameter = module.namedParameters().first { $0.name == name }
                try expectClose(parameter?.parameter.grad, gradient, "gradient of \(name)")
            }
        }
        for (name, buffer) in expected["buffers"]?.asObject ?? JSONObject() {
            try expectClose(module.stateDict()[name], buffer, name)
        }
    }

    private func expectState(_ state: OrderedDictionary<String, Tensor>, _ given: LayerCase) throws {
        guard let expected = given.content["state"]?.asObject else { return }
        #expect(Array(state.keys) == expected.map(\.key))
        for (name, value) in expected {
            let wanted = try Tensor(fixture: value)
            let found = try #require(state[name])
            #expect(found.shape == wanted.shape && found.dtype == wanted.dtype, "\(name)")
            #expect(found.scalars(as: Double.self) == wanted.scalars(as: Double.self), "\(name)")
        }
    }

    private func expectClose(_ found: Tensor?, _ expected: JSONValue, _ name: String) throws {
        guard expected != .null else {
            #expect(found == nil, "\(name)")
            return
        }
        let wanted = try Tensor(fixture: expected)
        let found = try #require(found, "\(name)")
        #expect(found.shape == wanted.shape && found.dtype == wanted.dtype, "\(name)")
        let tolerance = found.dtype == .float64 ? 1e-9 : found.dtype.isHalf ? 2e-2 : 2e-5
        let scale = wanted.scalars(as: Double.self).reduce(1) { max($0, $1.isFinite ? abs($1) : 0) }
        let isClose = zip(found.scalars(as: Double.self), wanted.scalars(as: Double.self)).allSatisfy {
            $0 == $1 || ($0.isNaN && $1.isNaN) || abs($0 - $1) <= tolerance * scale
        }
        #expect(isClose, "\(name): \(found) is not \(wanted)")
    }

    private func expect(_ text: String, _ given: LayerCase) throws {
        let wanted = given.content["error"]?["text"]?.asString
        #expect(text == wanted, "\(given.testDescription)")
    }

    private func expectNoError(_ given: LayerCase) {
        let wanted = given.content["error"]?["text"]?.asString
        #expect(wanted == nil, "\(given.testDescription)")
    }
}
