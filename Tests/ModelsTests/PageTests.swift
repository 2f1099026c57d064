import Foundation
import NN
import OrderedCollections
import Tensors
import Testing

/// `docs/layers.md` lists what the code declares.
///
/// `CALLPATH_UPDATE_TRANSCRIPTS=1 script/test` writes the tables into the page.
@Suite(.serialized)
struct PageTests {
    @Test func thePageListsEachLayer() throws {
        let rows = ModuleType.pyTorch.sorted { $0.name < $1.name }.map { type in
            let inputs = type.inputCount == 1 ? "" : "\(type.inputCount)"
            return "| `\(type.name)(\(signature(of: type)))` | \(inputs) | \(inside(type.children)) |"
        }
        try hold(["| class | inputs | modules inside |", "|---|---|---|"] + rows, under: "layers")
    }

    @Test func thePageListsEachFunction() throws {
        let rows = FunctionType.all.values.sorted { $0.name < $1.name }.map { type in
            "| `\(type.name)(\(signature(of: type.parameters)))` | \(type.isRandom ? "yes" : "") |"
        }
        try hold(["| function | draws random numbers |", "|---|---|"] + rows, under: "functions")
    }

    /// Expects the table between the page's two comments with this name.
    private func hold(_ table: [String], under name: String) throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../docs/layers.md").standardizedFileURL
        let page = try String(contentsOf: file, encoding: .utf8)
        let (begin, end) = ("<!-- \(name) -->\n", "\n<!-- end of \(name) -->")
        let start = try #require(page.firstRange(of: begin)).upperBound
        let stop = try #require(page.firstRange(of: end)).lowerBound
        let text = table.joined(separator: "\n")
        if ProcessInfo.processInfo.environment["CALLPATH_UPDATE_TRANSCRIPTS"] != nil {
            try page.replacingCharacters(in: start..<stop, with: text).write(
                to: file,
                atomically: true,
                encoding: .utf8
            )
        } else {
            #expect(page[start..<stop].split(separator: "\n") == text.split(separator: "\n"))
        }
    }

    private func signature(of type: ModuleType) -> String {
        let arguments = type.parameters.map { argument in
            argument.name + (argument.defaultValue.map { "=\(python($0))" } ?? "")
        }
        return (arguments + (type.takesDType ? ["dtype='float32'"] : [])).joined(separator: ", ")
    }

    private func inside(_ children: ModuleType.Children) -> String {
        switch children {
        case .none: ""
        case .positions: "by position"
        case .positionsOrNames: "by position or by name"
        case .names: "by name"
        }
    }

    /// Returns the parameters as Python lists them.
    private func signature(of parameters: [CallParameter]) -> String {
        var words: [String] = []
        for parameter in parameters {
            // What gathers the rest by position is an empty tuple when nothing is given.
            if case .tuple(let values)? = parameter.defaultValue, values.isEmpty {
                words.append("*\(parameter.name)")
                continue
            }
            let isFirstByName = parameter.isKeywordOnly && !words.contains { $0.hasPrefix("*") }
            words += isFirstByName ? ["*"] : []
            words.append(parameter.name + (parameter.defaultValue.map { "=\(python($0))" } ?? ""))
        }
        return words.joined(separator: ", ")
    }

    private func python(_ value: Value) -> String {
        switch value {
        case .none: "None"
        case .bool(let flag): flag ? "True" : "False"
        case .integer(let number): "\(number)"
        case .float(let number): "\(number)"
        case .string(let text): "'\(text)'"
        case .dtype(let dtype): "torch.\(dtype.rawValue)"
        case .ellipsis: "..."
        case .tuple(let values): "(\(values.map(python).joined(separator: ", ")))"
        case .list(let values): "[\(values.map(python).joined(separator: ", "))]"
        case .tensor, .slice, .dictionary: "..."
        }
    }
}
