/// The size of an axis as far as it is known before a call: in numbers, or in batches of a size that is not known yet.
public enum Extent: Sendable, Hashable {
    case fixed(Int)
    /// This many for each row of the batch.
    case batch(Int)
    case unknown

    /// Returns the product; unknown when it cannot be said.
    static func * (first: Extent, second: Extent) -> Extent {
        switch (first, second) {
        case (.fixed(let first), .fixed(let second)): checked(first, second).map(Extent.fixed) ?? .unknown
        case (.fixed(let first), .batch(let second)), (.batch(let first), .fixed(let second)):
            checked(first, second).map(Extent.batch) ?? .unknown
        case (.batch, .batch), (.unknown, _), (_, .unknown): .unknown
        }
    }

    /// Returns the quotient if there is no rest, whatever the batch.
    static func / (first: Extent, second: Extent) -> Extent {
        switch (first, second) {
        case (.fixed(let first), .fixed(let second)) where second > 0 && first % second == 0: .fixed(first / second)
        case (.batch(let first), .fixed(let second)) where second > 0 && first % second == 0: .batch(first / second)
        case (.batch(let first), .batch(let second)) where second > 0 && first % second == 0: .fixed(first / second)
        case (.fixed, _), (.batch, _), (.unknown, _): .unknown
        }
    }

    private static func checked(_ first: Int, _ second: Int) -> Int? {
        let (product, overflow) = first.multipliedReportingOverflow(by: second)
        return overflow ? nil : product
    }

    /// The number; `nil` when it depends on the batch or is not known.
    public var number: Int? {
        if case .fixed(let number) = self { number } else { nil }
    }

    /// Whether it grows with the batch.
    var isBatch: Bool {
        if case .batch = self { true } else { false }
    }

    /// Returns the size for a batch of `rows`; `nil` when it is not known.
    public func size(rows: Int) -> Int? {
        switch self {
        case .fixed(let number): number
        case .batch(let number): Self.checked(number, rows)
        case .unknown: nil
        }
    }
}
