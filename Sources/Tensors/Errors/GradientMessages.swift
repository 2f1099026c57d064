extension TensorError {
    /// The text of an error in going backward, the last group.
    var gradientMessage: String {
        switch self {
        case .gradientNeedsScalar: "grad can be implicitly created only for scalar outputs"
        case .nothingRequiresGradient(let index):
            "element \(index) of tensors does not require grad and does not have a grad_fn"
        case .secondBackward:
            "Trying to backward through the graph a second time (or directly access saved tensors after they have "
                + "already been freed). Saved intermediate values of the graph are freed when you call .backward() or "
                + "autograd.grad(). Specify retain_graph=True if you need to backward through the graph a second time "
                + "or if you need to access saved tensors after calling backward."
        case .gradientShape(let index, let gradient, let output):
            "Mismatch in shape: grad_output[\(index)] has a shape of torch.Size(\(gradient)) and output[\(index)] "
                + "has a shape of torch.Size(\(output))."
        case .invalidGradient(let node, let index, let got, let expected):
            "Function \(node) returned an invalid gradient at index \(index) - got \(got) but expected shape "
                + "compatible with \(expected)"
        case .gradientResultCount(let node, let expected, let got):
            "function \(node) returned an incorrect number of gradients (expected \(expected), got \(got))"
        case .gradientCount(let expected, let got):
            "got \(got) tensors and \(expected) gradients"
        case .targetRequiresNoGradient: "One of the differentiated Tensors does not require grad"
        case .unusedInput(let index):
            "The differentiated Tensor at index \(index) appears to not have been used in the graph. "
                + "Set allow_unused=True if this is the desired behavior."
        case .inferenceSaved:
            "Inference tensors cannot be saved for backward. Please do not use Tensors created in inference mode in "
                + "computation tracked by autograd. To work around this, you can make a clone to get a normal tensor "
                + "and use it in autograd, or use `torch.no_grad()` instead of `torch.inference_mode()`."
        default: "unknown tensor error"
        }
    }
}
