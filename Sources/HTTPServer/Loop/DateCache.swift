import HTTP
import Metrics

/// The time as HTTP writes it, made once a second.
struct DateCache {
    private(set) var octets: [UInt8]
    private var second: Int

    init() {
        second = WallClock.seconds
        octets = HTTPDate.imfFixdate(secondsSince1970: second)
    }

    mutating func refresh() {
        let now = WallClock.seconds
        guard now != second else { return }
        second = now
        octets = HTTPDate.imfFixdate(secondsSince1970: now)
    }
}
