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
        // A network's own forward is no class of torch.nn and stands in no table.
        let known = ModuleType.pyTorch.map(\.name) + ["GraphModule"]
        #expect(names.sorted() == Set(known).sorted())
    }

    private func make(_ given: LayerCase) throws -> Module {
        var checker = DescriptionChecker(limits: ServingLimits().descriptions)
        let layer = try checker.check(root: .layer(given.description))
        var builder = TreeBuilder(seed: given.seed, isTraining: given.isTraining)
        return try builder.build(layer)
    }

    private func call(_ module: Module, _ inputs: [Value], _ given: LayerCase) throws {
        let expected = given.content
        let outputs = try module(Arguments(values: inputs)).tensors
        guard let wanted = expected["outputs"]?.asArray else { return }
        #expect(outputs.count == wanted.count)
        for (output, wanted) in zip(outputs, wanted) { try expectClose(output, wanted, "output") }
        #expect(outputs.first?.gradFn?.name.current == expected["grad_fn"]?.asString)
        if let gradients = expected["grad_inputs"]?.asArray {
            try goBackward(from: outputs, to: inputs.flatMap(\.tensors), gradients, module, expected)
        }
        for (name, buffer) in expected["buffers"]?.asObject ?? JSONObject() {
            try expectClose(module.stateDict()[name], buffer, name)
        }
    }

    private func goBackward(
        from outputs: [Tensor],
        to leaves: [Tensor],
        _ gradients: [JSONValue],
        _ module: Module,
        _ expected: JSONValue
    ) throws {
        let parameters = module.namedParameters()
        let sources = leaves.filter(\.requiresGrad) + parameters.map(\.parameter.tensor)
        let upstream = try outputs.enumerated().map { salt, output in
            try Tensor(filling: output.shape, salt: 5 + salt, dtype: output.dtype)
        }
        var found = try Autograd.gradients(
            of: outputs,
            gradOutputs: upstream,
            withRespectTo: sources,
            allowUnused: true
        )[...]
        for (leaf, gradient) in zip(leaves, gradients) {
            try expectClose(leaf.requiresGrad ? found.popFirst() ?? nil : nil, gradient, "gradient of input")
        }
        for (parameter, gradient) in zip(parameters, found) {
            let wanted = expected["grads"]?[parameter.name]
            try expectClose(gradient, wanted ?? .null, "gradient of \(parameter.name)")
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
