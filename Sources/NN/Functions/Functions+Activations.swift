import Tensors

extension FunctionType {
    /// The functional forms of activations.
    static let activations: [FunctionType] = [
        FunctionType(elementwise: "relu", "input, inplace=False") { try $0.relu() },
        FunctionType(elementwise: "tanh") { try $0.tanh() },
        FunctionType(elementwise: "sigmoid") { try $0.sigmoid() },
    ]
}
