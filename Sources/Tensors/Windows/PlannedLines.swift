internal import CKernels
import Synchronization

/// Lines of windows with all that is the same in each call, kept for the next: layers are called again and again, and to find where
/// the windows lie takes longer than the sums of a small one.
final class PlannedLines: Sendable {
    private let lines: WindowLines
    private let places: WindowLines.Places

    /// What a plan depends on.
    private struct Key: Hashable {
        let windows: Windows
        let images, groups, rows, threads: Int
        let isAlone: Bool
    }

    private static let kept = Mutex<[Key: PlannedLines]>([:])
    /// How many plans are kept, and the most numbers of one: together at most 16 MiB.
    private static let (maxKept, maxNumbers) = (256, 1 << 13)

    private init(_ lines: WindowLines) {
        self.lines = lines
        places = lines.places
    }

    private var count: Int { places.taps.count + places.starts.count + places.places.count }

    /// Returns the lines for `images` of `groups`, each with `rows` of weights; `nil` where windows are better gathered.
    static func of(_ windows: Windows, images: Int, groups: Int, rows: Int) -> PlannedLines? {
        let key = Key(
            windows: windows,
            images: images,
            groups: groups,
            rows: rows,
            threads: ProductPlan.defaultThreads,
            isAlone: callpath_is_alone()
        )
        if let found = kept.withLock({ $0[key] }) { return found }
        guard let lines = WindowLines(windows, images: images, groups: groups, rows: rows) else { return nil }
        let planned = PlannedLines(lines)
        guard planned.count <= maxNumbers else { return planned }
        kept.withLock { kept in
            if kept.count >= maxKept { kept.removeAll() }
            kept[key] = planned
        }
        return planned
    }

    /// Returns each window of `image` times the weight, plus `bias`: a tensor of `shape`, its channels finished.
    func map(
        of image: Tensor,
        _ weight: Tensor,
        bias: Tensor?,
        shape: Shape,
        finish: ChannelFinish?
    ) throws(TensorError) -> Tensor {
        try lines.map(of: image, weight, bias: bias, shape: shape, finish: finish, at: places)
    }
}
