import Models
import ModuleAPI
import Serving
import Tensors
import Web

/// A request whose body is nothing but the bytes of the only input.
enum RawRequest {
    /// Returns the request for a body of raw bytes, one batch row.
    ///
    /// All outputs of a raw request go as bytes.
    static func read(_ body: [UInt8], inputs: [TensorSignature]) throws(InferenceError) -> InferRequest {
        guard let input = inputs.first, inputs.count == 1 else {
            throw .notARawModel(reason: "this one has \(inputs.count)")
        }
        guard let dtype = input.dtype else { throw .notARawModel(reason: "input '\(input.name)' takes any datatype") }
        let shape = try shape(of: input, elementCount: body.count / dtype.itemSize)
        var binary = BinarySection(body: body, from: 0)
        let tensor = try binary.tensor(named: input.name, dtype: dtype, shape: shape)
        try binary.finish()
        return InferRequest(
            parameters: InferParameters(binaryDataOutput: true),
            inputs: [InferInput(name: input.name, tensor: tensor)]
        )
    }

    /// Returns the shape of `elementCount` elements: a leading variable axis is the batch, and one more may vary.
    private static func shape(of input: TensorSignature, elementCount: Int) throws(InferenceError) -> Shape {
        var axes = Array(input.shape)
        if axes.first == -1 { axes[0] = 1 }
        let variable = axes.indices.filter { axes[$0] < 0 }
        guard variable.count <= 1 else {
            throw .notARawModel(reason: "input '\(input.name)' has \(variable.count) variable dimensions")
        }
        if let axis = variable.first {
            let others = axes.filter { $0 >= 0 }.reduce(1, *)
            axes[axis] = others == 0 ? 0 : elementCount / others
        }
        do {
            return try Shape(checking: axes)
        } catch {
            throw .invalidShape(tensor: input.name, error)
        }
    }
}
