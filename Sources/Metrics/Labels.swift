/// The names and values that tell the series of one metric apart.
package struct Labels: Sendable, Hashable {
    /// In the order of the metric's names.
    package let values: [String]

    package init(_ values: String...) {
        self.values = values
    }

    package init(_ values: [String]) {
        self.values = values
    }
}
