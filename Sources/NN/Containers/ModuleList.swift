import Tensors

/// Modules in a row that another module calls as it likes; by itself it cannot be called.
public final class ModuleList: Module, ModuleSequence {
    /// Creates a list of `modules` under their numbers.
    /// - Throws: `ModuleError` when the tree would grow too deep.
    public init(_ modules: [Module] = []) throws {
        super.init()
        for module in modules { try append(module) }
    }

    /// Puts `module` before the child at `index`, and numbers all that follow anew.
    ///
    /// As in PyTorch an index beyond the end is taken as a name, and one from the end as one that is not there.
    /// - Throws: `ModuleError.noChild` for a negative index.
    public func insert(_ module: Module, at index: Int) throws(ModuleError) {
        guard index >= 0 else { throw .noChild(name: "\(index)") }
        if index <= count {
            try insertRenumbering(module, at: index)
        } else {
            try registerChild("\(index)", module)
        }
    }

    public override var typeName: String { "ModuleList" }

    public override var attributeNames: Set<String> { ["append", "extend", "insert", "pop"] }

    /// Equal neighbours stand together: `(0-1): 2 x ReLU()`; in PyTorch 1.0.1 they did not.
    override func childTexts(_ compatibility: Compatibility) -> [(name: String, text: String)] {
        guard compatibility == .current else { return super.childTexts(compatibility) }
        var blocks: [(first: Int, last: Int, text: String)] = []
        for (index, child) in elements.enumerated() {
            let text = child.text()
            if let block = blocks.last, block.text == text {
                blocks[blocks.count - 1].last = index
            } else {
                blocks.append((index, index, text))
            }
        }
        return blocks.map { first, last, text in
            first == last ? ("\(first)", text) : ("\(first)-\(last)", "\(last - first + 1) x \(text)")
        }
    }

    public override func emptyCopy() throws -> Module { try ModuleList() }
}

extension ModuleType {
    package static let moduleList = ModuleType("ModuleList", children: .positions) { _, _, _ in try ModuleList() }
}
