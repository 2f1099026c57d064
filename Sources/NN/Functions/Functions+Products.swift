import Tensors

extension SpecRule {
    /// A matrix product.
    static let matmul = SpecRule(
        rule: { .tensor($0.tensor(0).matmul($0.tensor(1))) },
        workPerElement: { $0.tensor(0).shape?.last?.number ?? 1 }
    )
}

extension FunctionType {
    /// Products.
    static let products: [FunctionType] = [
        FunctionType("matmul", "input, other", spec: .matmul) { call in
            .tensor(try call.tensor(0).matmul(call.tensor(1)))
        }
    ]
}
