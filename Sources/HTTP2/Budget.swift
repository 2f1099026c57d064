/// So many at once, and so many a second from then on.
struct Budget {
    private let capacity: Double
    private let perNanosecond: Double
    private var rest: Double
    private var last: Int64 = 0

    init(_ capacity: Int, perSecond: Int) {
        self.capacity = Double(capacity)
        perNanosecond = Double(perSecond) / 1e9
        rest = Double(capacity)
    }

    /// Takes one; false if there is none left.
    mutating func take(at now: Int64) -> Bool {
        rest = min(capacity, rest + Double(max(0, now &- last)) * perNanosecond)
        last = now
        guard rest >= 1 else { return false }
        rest -= 1
        return true
    }
}
