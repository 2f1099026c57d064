extension Tensor {
    /// Returns the sum of products that `equation` describes in Einstein's notation.
    public static func einsum(_ equation: String, _ operands: [Tensor]) throws(TensorError) -> Tensor {
        let parsed = try EinsumEquation(equation, ranks: operands.map(\.rank))
        let contraction = try EinsumContraction(parsed, operands)
        return try contraction.result()
    }
}

/// Operands that all have the same axes in the same order: those of the result, then those that are summed over.
private struct EinsumContraction {
    private let operands: [Tensor]
    /// The number of axes of the result.
    private let kept: Int
    private let axes: [EinsumEquation.Label]

    init(_ equation: EinsumEquation, _ operands: [Tensor]) throws(TensorError) {
        let all = equation.inputs.flatMap { $0 }
        var summed: [EinsumEquation.Label] = []
        for label in all where !equation.output.contains(label) && !summed.contains(label) { summed.append(label) }
        (kept, axes) = (equation.output.count, equation.output + summed)
        var sizes: [EinsumEquation.Label: Int] = [:]
        var aligned: [Tensor] = []
        for (number, (labels, operand)) in zip(equation.inputs, operands).enumerated() {
            var (labels, operand) = (labels, operand)
            try Self.takeDiagonals(&operand, &labels, number)
            for (label, size) in zip(labels, operand.shape) {
                let seen = sizes[label] ?? 1
                guard seen == 1 || size == 1 || seen == size else {
                    throw .function(.einsum(Self.mismatch(label, size, number, seen)))
                }
                sizes[label] = seen == 1 ? size : seen
            }
            aligned.append(try Self.align(operand, labels, axes))
        }
        self.operands = aligned
    }

    private static func mismatch(_ label: EinsumEquation.Label, _ size: Int, _ number: Int, _ seen: Int) -> String {
        let name = if case .letter(let letter) = label { "subscript \(letter)" } else { "ellipsis dimension" }
        return
            "\(name) has size \(size) for operand \(number) which does not broadcast with previously seen size \(seen)"
    }

    /// Replaces axes with the same label by their diagonal.
    private static func takeDiagonals(
        _ operand: inout Tensor,
        _ labels: inout [EinsumEquation.Label],
        _ number: Int
    ) throws(TensorError) {
        var place = 0
        while place < labels.count {
            guard let again = labels[(place + 1)...].firstIndex(of: labels[place]) else {
                place += 1
                continue
            }
            let (first, second) = (operand.shape[place], operand.shape[again])
            guard first == second else {
                let name = if case .letter(let letter) = labels[place] { "\(letter)" } else { "..." }
                throw .function(
                    .einsum(
                        "subscript \(name) is repeated for operand \(number) but the sizes don't match, \(second) != \(first)"
                    )
                )
            }
            operand = try operand.diagonal(offset: 0, dim1: place, dim2: again).movedim([-1], [place])
            labels.remove(at: again)
        }
    }

    /// Returns `operand` with an axis for each of `axes`, of size 1 where it has none.
    private static func align(
        _ operand: Tensor,
        _ labels: [EinsumEquation.Label],
        _ axes: [EinsumEquation.Label]
    ) throws(TensorError) -> Tensor {
        let own = axes.compactMap { labels.firstIndex(of: $0) }
        let turned = own == Array(own.indices) ? operand : try operand.permuted(own)
        let sizes = axes.map { axis in labels.firstIndex(of: axis).map { operand.shape[$0] } ?? 1 }
        let shape = try Shape(checking: sizes)
        return shape == turned.shape ? turned : try turned.view(as: shape, "unsqueeze", NodeName("UnsqueezeBackward0"))
    }

    /// Multiplies the operands from left to right; an axis is summed over as soon as no later one has it.
    func result() throws(TensorError) -> Tensor {
        var product = operands[0]
        for (number, operand) in operands.enumerated().dropFirst() {
            let later = operands.dropFirst(number + 1)
            let summable = (kept..<axes.count).filter { axis in later.allSatisfy { $0.shape[axis] == 1 } }
            product = try Self.product(product, operand, summing: summable)
        }
        let rest = Array(kept..<axes.count)
        if operands.count == 1, !rest.isEmpty { product = try product.sum(dims: rest, keepDim: true) }
        let shape = try Shape(checking: Array(product.shape.prefix(kept)))
        return shape == product.shape ? product : try product.view(as: shape, "view", .view)
    }

    /// Multiplies two operands and sums over axes, which stay as ones: a product of stacks of matrices.
    private static func product(_ first: Tensor, _ second: Tensor, summing: [Int]) throws(TensorError) -> Tensor {
        var (first, second) = (first, second)
        func isWide(_ tensor: Tensor, _ axis: Int) -> Bool { tensor.shape[axis] != 1 }
        let shared = summing.filter { isWide(first, $0) && isWide(second, $0) }
        let onlyFirst = summing.filter { isWide(first, $0) && !isWide(second, $0) }
        let onlySecond = summing.filter { !isWide(first, $0) && isWide(second, $0) }
        if !onlyFirst.isEmpty { first = try first.sum(dims: onlyFirst, keepDim: true) }
        if !onlySecond.isEmpty { second = try second.sum(dims: onlySecond, keepDim: true) }
        guard !shared.isEmpty else { return try first * second }
        let free = (0..<first.rank).filter { !shared.contains($0) }
        let stack = free.filter { isWide(first, $0) && isWide(second, $0) }
        let rows = free.filter { isWide(first, $0) && !isWide(second, $0) }
        let columns = free.filter { !stack.contains($0) && !rows.contains($0) }
        let form = Form(stack: stack, rows: rows, shared: shared, columns: columns)
        return try form.product(first, second)
    }

    /// Which axes of two operands become those of a stack, rows, sums and columns.
    private struct Form {
        let stack, rows, shared, columns: [Int]

        func product(_ first: Tensor, _ second: Tensor) throws(TensorError) -> Tensor {
            let left = try matrices(first, stack, rows, shared, rest: columns)
            let right = try matrices(second, stack, shared, columns, rest: rows)
            let order = stack + rows + columns + shared
            let sizes = stack.map { first.shape[$0] } + rows.map { first.shape[$0] } + columns.map { second.shape[$0] }
            let shape = try Shape(checking: sizes + shared.map { _ in 1 })
            var back = order
            for (place, axis) in order.enumerated() { back[axis] = place }
            return try left.bmm(right).view(as: shape, "view", .view).permuted(back)
        }

        /// Axes that are ones go last, where they do not show.
        private func matrices(
            _ tensor: Tensor,
            _ stack: [Int],
            _ rows: [Int],
            _ columns: [Int],
            rest: [Int]
        ) throws(TensorError) -> Tensor {
            func size(_ axes: [Int]) -> Int { axes.reduce(1) { $0 * tensor.shape[$1] } }
            let turned = try tensor.permuted(stack + rows + columns + rest)
            return try turned.view(as: Shape(checking: [size(stack), size(rows), size(columns)]), "view", .view)
        }
    }
}
