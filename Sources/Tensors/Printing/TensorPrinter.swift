/// Lays the elements of a tensor out as PyTorch prints them.
struct TensorPrinter<S: Scalar> {
    private static var edgeItems: Int { 3 }
    private static var lineWidth: Int { 80 }
    private static var summaryThreshold: Int { 1000 }

    private let shape: [Int]
    /// How many elements a step along each axis passes over.
    private let strides: [Int]
    private let isSummarised: Bool
    private let source: UnsafePointer<S>
    private var style = NumberStyle(of: [])
    private var width = 1

    init(_ shape: Shape, _ source: UnsafePointer<S>) {
        self.shape = shape.dimensions
        self.source = source
        strides = shape.strides(broadcastTo: shape)
        isSummarised = shape.elementCount > Self.summaryThreshold
        if S.dtype.isFloatingPoint {
            var values: [Double] = []
            forEachShown(axis: 0, start: 0) { values.append(source[$0].converted(to: Double.self)) }
            style = NumberStyle(of: values)
            width = style.width
        } else {
            var longest = 1
            forEachShown(axis: 0, start: 0) { longest = max(longest, number(at: $0).utf8.count) }
            width = longest
        }
    }

    /// Returns the elements, in brackets, with `indent` characters before them on their line.
    func text(indent: Int) -> String {
        var text = ""
        write(axis: 0, start: 0, indent: indent, to: &text)
        return text
    }

    private func isCut(_ axis: Int) -> Bool { isSummarised && shape[axis] > 2 * Self.edgeItems }

    /// The positions of an axis that are shown.
    private func shown(_ axis: Int) -> [Range<Int>] {
        let size = shape[axis]
        return isCut(axis) ? [0..<Self.edgeItems, size - Self.edgeItems..<size] : [0..<size]
    }

    private func forEachShown(axis: Int, start: Int, _ body: (Int) -> Void) {
        guard axis < shape.count else { return body(start) }
        for index in shown(axis).joined() {
            forEachShown(axis: axis + 1, start: start + index * strides[axis], body)
        }
    }

    private func number(at index: Int) -> String {
        let value = source[index]
        if let value = value as? Bool { return value ? "True" : "False" }
        guard !S.dtype.isFloatingPoint else { return style.text(value.converted(to: Double.self)) }
        return "\(value.carrier)"
    }

    private func padded(at index: Int) -> String {
        let text = number(at: index)
        return String(repeating: " ", count: max(width - text.utf8.count, 0)) + text
    }

    private func write(axis: Int, start: Int, indent: Int, to text: inout String) {
        switch shape.count - axis {
        case 0: text += padded(at: start)
        case 1: writeRun(axis: axis, start: start, indent: indent, to: &text)
        default: writeSlices(axis: axis, start: start, indent: indent, to: &text)
        }
    }

    private func writeRun(axis: Int, start: Int, indent: Int, to text: inout String) {
        let numbers = shown(axis).map { range in range.map { padded(at: start + $0 * strides[axis]) } }
        let items = Array(numbers.joined(separator: [" ..."]))
        let perLine = max(1, (Self.lineWidth - indent) / (width + 2))
        text += "["
        for (index, item) in items.enumerated() {
            if index > 0 {
                text += index % perLine == 0 ? ",\n" + String(repeating: " ", count: indent + 1) : ", "
            }
            text += item
        }
        text += "]"
    }

    private func writeSlices(axis: Int, start: Int, indent: Int, to text: inout String) {
        let gap =
            "," + String(repeating: "\n", count: shape.count - axis - 1) + String(repeating: " ", count: indent + 1)
        text += "["
        for (part, range) in shown(axis).enumerated() {
            if part > 0 { text += gap + "..." }
            for index in range {
                if index > 0 { text += gap }
                write(axis: axis + 1, start: start + index * strides[axis], indent: indent + 1, to: &text)
            }
        }
        text += "]"
    }
}
