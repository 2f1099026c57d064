/// How the numbers of one tensor are printed: all in one form and to one width.
struct NumberStyle {
    private(set) var form = CFormat.whole
    private(set) var width = 1

    /// Finds the form and the width that the shown numbers need; only finite ones that are not zero count.
    init(of values: [Double]) {
        let counted = values.filter { $0.isFinite && $0 != 0 }
        guard let largest = counted.map(\.magnitude).max(), let smallest = counted.map(\.magnitude).min() else {
            return
        }
        if largest / smallest > 1000 || largest > 1e8 || smallest < 1e-4 {
            form = .scientific
        } else if counted.contains(where: { $0 != $0.rounded(.up) }) {
            form = .fixed
        }
        width = counted.map { text($0).utf8.count }.max() ?? 1
    }

    /// Returns the number without padding.
    func text(_ value: Double) -> String {
        guard value.isFinite else { return value.isNaN ? "nan" : (value < 0 ? "-inf" : "inf") }
        return form.text(value) + (form == .whole ? "." : "")
    }
}
