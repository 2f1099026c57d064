import NN
import Tensors

/// What the page about the call path shows; `DocumentationTests` compares the two, and the output with the page's.
func callPathExample() throws {
    // begin
    let layer = try Linear(inFeatures: 2, outFeatures: 1, generator: Generator(seed: 0))
    let network = try Sequential(named: [("fc", layer), ("act", ReLU())])

    GlobalHooks.registerForwardPreHook { module, _ in
        print("1 global pre-hook of \(module.typeName)")
        return nil
    }
    layer.registerForwardPreHook { _, inputs in
        print("2 own pre-hook, doubles the input")
        return [try inputs[0] * 2]
    }
    layer.registerForwardPreHook(prepend: true) { _, _ in
        print("2 own pre-hook, put before the others")
        return nil
    }
    let handle = layer.registerForwardHook { _, inputs, output in
        print("4 own hook, sees \(inputs[0]) and makes the output one")
        return try output * 0 + 1
    }
    network.registerForwardHook { _, _, output in
        print("4 hook of the network, sees \(output.detached())")
        return nil
    }
    try layer.registerFullBackwardHook { _, gradInputs, gradOutputs in
        print("6 backward hook, between \(gradOutputs.count) and \(gradInputs.count) gradients")
        return nil
    }

    let input = try Tensor([1, 2] as [Float]).requiringGrad()
    let output = try network(input)
    try output.backward()

    handle.remove()
    layer.registerAlwaysCalledForwardHook { _, _, output in
        print("5 always called, even now: \(output == nil ? "no output" : "an output")")
        return nil
    }
    do {
        _ = try network(Tensor.ones([3]))
    } catch let error as InChildError {
        print("error in \(error.path): \(error.message())")
    }
    // end
}
