import Foundation

/// The commands of a Markdown page's `console` blocks, each with the output that the page shows for it.
///
/// A command starts with `$ ` and goes on in lines that start with `> `; what follows is its output.
struct Transcript {
    struct Step {
        var command: String
        var output: String
        /// The lines of the page that show the output.
        var outputLines: Range<Int>
    }

    let lines: [String]
    private(set) var steps: [Step] = []

    init(page: String) {
        lines = page.components(separatedBy: "\n")
        var isInside = false
        for (number, line) in lines.enumerated() {
            if line.hasPrefix("```") {
                isInside = !isInside && line == "```console"
            } else if isInside {
                read(line, number: number)
            }
        }
    }

    private mutating func read(_ line: String, number: Int) {
        if line.hasPrefix("$ ") {
            steps.append(Step(command: String(line.dropFirst(2)), output: "", outputLines: (number + 1)..<(number + 1)))
        } else if line.hasPrefix("> "), let last = steps.indices.last, steps[last].outputLines.isEmpty {
            steps[last].command += "\n" + line.dropFirst(2)
            steps[last].outputLines = (number + 1)..<(number + 1)
        } else if let last = steps.indices.last {
            steps[last].output += line + "\n"
            steps[last].outputLines = steps[last].outputLines.lowerBound..<(number + 1)
        }
    }

    /// The page with `outputs` in place of those it shows.
    func page(showing outputs: [String]) -> String {
        var lines = lines
        for (step, output) in zip(steps, outputs).reversed() {
            var shown = output.components(separatedBy: "\n")
            if shown.last == "" { shown.removeLast() }
            lines.replaceSubrange(step.outputLines, with: shown)
        }
        return lines.joined(separator: "\n")
    }
}
