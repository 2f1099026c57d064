import Tensors

extension FunctionType {
    /// Sums and what is like them.
    static let reductions: [FunctionType] = [
        FunctionType("sum", "input, dim=None, keepdim=False, *, dtype=None", spec: .reduced(dim: 1, keepDim: 2)) {
            call in
            .tensor(try call.tensor(0).sum())
        }
    ]
}
