import Tensors

extension FunctionType {
    /// Arithmetic, element by element.
    static let arithmetic: [FunctionType] = [
        FunctionType(elementwise: "neg") { try $0.negated() },
        FunctionType("add", "input, other, *, alpha=1", spec: .elementwise) { call in
            .tensor(try call.tensor(0) + call.tensor(1))
        },
        FunctionType("mul", "input, other", spec: .elementwise) { call in
            .tensor(try call.tensor(0) * call.tensor(1))
        },
    ]
}
