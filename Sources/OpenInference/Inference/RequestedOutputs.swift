import Models
import ModuleAPI
import OrderedCollections
import Serving
import Tensors
import Web

/// Which outputs a request wants, and in which form.
///
/// Captures of hooks are outputs too: `hook_0` is the first capture of the request's first hook, `hook_0_1` its next.
struct RequestedOutputs {
    private let requested: [RequestedOutput]?
    private let binaryDataOutput: Bool?
    private let model: ModuleVersion
    private let hasHooks: Bool

    /// - Throws: An error that names an output which the model does not have.
    init(_ request: InferRequest, model: ModuleVersion) throws(InferenceError) {
        requested = request.outputs
        binaryDataOutput = request.parameters.binaryDataOutput
        self.model = model
        hasHooks = request.parameters.hooks != nil
        guard let requested else { return }
        let names = model.outputs.map(\.name)
        for output in requested where !names.contains(output.name) && !isCapture(output.name) {
            throw .unknownOutput(String(output.name.prefix(64)), expected: names)
        }
    }

    private var isBinaryByDefault: Bool { binaryDataOutput ?? false }

    /// Whether the request says of some output that it goes as bytes, or else that it does not; `nil` if it says neither.
    var wantsBytes: Bool? {
        let words = [binaryDataOutput] + (requested ?? []).map(\.isBinary)
        if words.contains(true) { return true }
        return words.contains(false) ? false : nil
    }

    /// Returns how many elements there are in all that may be answered.
    func elementCount(of result: CallResult) -> Int {
        result.captures.reduce(result.outputs.elementCount) { $0 + $1.tensor.elementCount }
    }

    /// Whether some output is answered with classes.
    var hasClassification: Bool { requested?.contains { $0.classCount != nil } ?? false }

    private func isCapture(_ name: String) -> Bool { hasHooks && name.hasPrefix("hook_") }

    /// Returns the outputs of a call, in the order of the request.
    func outputs(of result: CallResult) throws(InferenceError) -> [InferOutput] {
        let available = named(result)
        guard let requested else { return available }
        var outputs: [InferOutput] = []
        for output in requested {
            guard case .tensor(let tensor)? = available.first(where: { $0.name == output.name })?.content else {
                throw .unknownOutput(String(output.name.prefix(64)), expected: available.map(\.name))
            }
            outputs.append(try form(output, of: tensor))
        }
        // Whoever sends hooks wants what they capture, also when only the model's outputs are listed.
        let listed = requested.map(\.name)
        for capture in available where isCapture(capture.name) && !listed.contains(capture.name) {
            outputs.append(capture)
        }
        return outputs
    }

    /// Returns how many elements become text or are sorted.
    func textElementCount(of result: CallResult) -> Int {
        guard let requested else {
            let captured = result.captures.reduce(0) { $0 + $1.tensor.elementCount }
            return isBinaryByDefault ? 0 : result.outputs.elementCount + captured
        }
        return named(result).reduce(0) { count, available in
            let output = requested.first { $0.name == available.name }
            let isText = !(output?.isBinary ?? isBinaryByDefault) || output?.classCount != nil
            guard isText, case .tensor(let tensor) = available.content else { return count }
            return count + tensor.elementCount
        }
    }

    private func form(_ output: RequestedOutput, of tensor: Tensor) throws(InferenceError) -> InferOutput {
        let isBinary = output.isBinary ?? isBinaryByDefault
        guard let count = output.classCount else {
            return InferOutput(name: output.name, content: .tensor(tensor), isBinary: isBinary)
        }
        return try Classification.output(
            named: output.name,
            tensor: tensor,
            count: count,
            isBatched: model.hasBatchAxis,
            isBinary: isBinary
        )
    }

    /// Returns the tensors of a call in the usual form, the output first.
    private func named(_ result: CallResult) -> [InferOutput] {
        func output(_ name: String, _ tensor: Tensor) -> InferOutput {
            InferOutput(name: name, content: .tensor(tensor), isBinary: isBinaryByDefault)
        }
        var outputs: [InferOutput] =
            if let only = result.outputs.only {
                [output(model.outputs.first?.name ?? "output", only)]
            } else {
                result.outputs.tensors.map { output($0.key, $0.value) }
            }
        var counts: [Int: Int] = [:]
        for capture in result.captures {
            let count = counts[capture.hook, default: 0]
            counts[capture.hook] = count + 1
            let name = count == 0 ? "hook_\(capture.hook)" : "hook_\(capture.hook)_\(count)"
            outputs.append(output(name, capture.tensor))
        }
        return outputs
    }
}
