extension Tensor: CustomStringConvertible {
    /// PyTorch 2.13's `repr`.
    public var description: String { text() }

    /// Returns PyTorch's `repr`.
    /// - Parameter isParameter: Whether to print it as a module's parameter.
    public func text(_ compatibility: Compatibility = .current, isParameter: Bool = false) -> String {
        var printed = PrintedTensor(elements: elementsText)
        if elementCount == 0, rank != 1 { printed.append("size=(\(sizesText))") }
        if showsDType { printed.append("dtype=\(dtype)") }
        if let gradFn {
            printed.append("grad_fn=<\(gradFn.name.text(compatibility))>")
        } else if requiresGrad {
            printed.append("requires_grad=True")
        }
        return (isParameter ? "Parameter containing:\n" : "") + printed.text + ")"
    }

    private var showsDType: Bool {
        guard elementCount > 0 else { return dtype != .float32 }
        return dtype != .float32 && dtype != .int64 && dtype != .bool
    }

    /// The sizes as Python prints a tuple.
    private var sizesText: String { shape.map(String.init).joined(separator: ", ") }

    private var elementsText: String {
        guard elementCount > 0 else { return "[]" }
        do {
            return try dtype.accept(ElementsText(tensor: self))
        } catch {
            preconditionFailure("printing cannot fail")
        }
    }

    private struct ElementsText: ScalarVisitor {
        let tensor: Tensor

        func visit<S: Scalar>(_ type: S.Type) throws(TensorError) -> String {
            try tensor.withScalars(of: S.self) { source in
                TensorPrinter(tensor.shape, source).text(indent: PrintedTensor.indent)
            }
        }
    }
}

/// `tensor(` and the elements, to which suffixes are added: on the same line while it holds them.
private struct PrintedTensor {
    static let indent = 7
    private(set) var text: String
    private var lineLength: Int

    init(elements: String) {
        text = "tensor(" + elements
        let lastLine = text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false).last ?? []
        lineLength = lastLine.count + 2
    }

    mutating func append(_ suffix: String) {
        let length = suffix.utf8.count
        if lineLength + length + 2 > 80 {
            text += ",\n" + String(repeating: " ", count: Self.indent) + suffix
            lineLength = Self.indent + length
        } else {
            text += ", " + suffix
            lineLength += length + 2
        }
    }
}
