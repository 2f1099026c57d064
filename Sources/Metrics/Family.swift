import Synchronization

/// The series of one metric, one for each combination of label values.
///
/// Clients must not be able to grow it without bound: beyond `limit` series, new ones are counted under `other`.
package final class Family<Series: Sendable>: Sendable {
    package let labelNames: [String]
    private let limit: Int
    private let make: @Sendable () -> Series
    private let series = Mutex<[Labels: Series]>([:])

    init(labelNames: [String], limit: Int, make: @escaping @Sendable () -> Series) {
        self.labelNames = labelNames
        self.limit = limit
        self.make = make
    }

    /// Accesses the series of some label values, in the order of `labelNames`; it is made when first asked for.
    package subscript(values: String...) -> Series {
        self[Labels(values)]
    }

    package subscript(labels: Labels) -> Series {
        precondition(labels.values.count == labelNames.count, "a value for each label")
        return series.withLock { series in
            if let known = series[labels] { return known }
            let labels = series.count < limit ? labels : Labels(labelNames.map { _ in "other" })
            if let known = series[labels] { return known }
            let new = make()
            series[labels] = new
            return new
        }
    }

    /// All series, by label values.
    var all: [(labels: Labels, series: Series)] {
        series.withLock { $0 }.sorted { $0.key.values.lexicographicallyPrecedes($1.key.values) }
            .map { (labels: $0.key, series: $0.value) }
    }
}
