/// Where the windows of a kernel lie over an image of some channels, and the copying of numbers between the two.
///
/// A window is a column of `length` numbers: channel by channel, in each the kernel's depth, height and width.
/// Numbers beyond the image are zero. No arithmetic here overflows: the sizes were checked when `output` was computed.
struct Windows: Sendable, Hashable {
    let channels: Int
    let image: Volume
    let kernel: Volume
    let stride: Volume
    let padding: Volume
    let dilation: Volume
    /// The windows along each axis.
    let output: Volume

    init(_ steps: WindowSteps, channels: Int, image: [Int], output: [Int]) {
        self.channels = channels
        self.image = Volume(image)
        kernel = Volume(steps.kernel)
        stride = Volume(steps.stride)
        padding = Volume(steps.before, filling: 0)
        dilation = Volume(steps.dilation)
        self.output = Volume(output)
    }

    /// The numbers in a window.
    var length: Int { channels * kernel.count }

    /// Windows that follow each other along the width.
    private struct Run {
        /// The first window's place among those that are copied.
        let lane: Int
        let count: Int
        /// Where the first window begins in the padded image, from the image's own beginning.
        let depth, height, width: Int
    }

    /// The runs among `count` windows from `first` on.
    private func runs(_ first: Int, _ count: Int) -> [Run] {
        var (runs, place) = ([Run](), first)
        let end = first + count
        while place < end {
            let (row, column) = place.quotientAndRemainder(dividingBy: output.width)
            let (slice, line) = row.quotientAndRemainder(dividingBy: output.height)
            let length = min(output.width - column, end - place)
            runs.append(
                Run(
                    lane: place - first,
                    count: length,
                    depth: slice * stride.depth - padding.depth,
                    height: line * stride.height - padding.height,
                    width: column * stride.width - padding.width
                )
            )
            place += length
        }
        return runs
    }

    /// Calls `body` for each number of a window in order, with where it lies in the kernel and in which channel.
    @inline(__always)
    func forEachNumber(_ body: (_ channel: Int, _ depth: Int, _ height: Int, _ width: Int) -> Void) {
        for channel in 0..<channels {
            for depth in 0..<kernel.depth {
                for height in 0..<kernel.height {
                    for width in 0..<kernel.width { body(channel, depth, height, width) }
                }
            }
        }
    }

    /// Where a run's numbers lie in the image for one place of the kernel: the first one's address, counted from the
    /// channel's, and which of the run lie inside; `nil` if none does.
    @inline(__always)
    private func place(_ run: Run, _ depth: Int, _ height: Int, _ width: Int) -> (start: Int, inside: Range<Int>)? {
        let slice = run.depth + depth * dilation.depth
        let line = run.height + height * dilation.height
        guard slice >= 0, slice < image.depth, line >= 0, line < image.height else { return nil }
        let column = run.width + width * dilation.width
        let step = stride.width
        guard column < image.width else { return nil }
        // Rounded up, with no sum of a step that may be as long as can be counted.
        let first = column >= 0 ? 0 : step == 1 ? -column : (-column - 1) / step + 1
        let end = step == 1 ? image.width - column : (image.width - column - 1) / step + 1
        guard first < min(end, run.count) else { return nil }
        return ((slice * image.height + line) * image.width + column, first..<min(end, run.count))
    }

    /// Writes the windows from `first` on as panels of `width`, each a line of windows for each of their numbers; the last
    /// panel is only as wide as the windows that remain.
    @inline(__always)
    func gather<R: Real>(
        _ source: UnsafePointer<R>,
        first: Int,
        count: Int,
        width: Int,
        to target: UnsafeMutablePointer<R>
    ) {
        var line = target
        for panel in Swift.stride(from: 0, to: count, by: width) {
            let lanes = min(width, count - panel)
            let runs = runs(first + panel, lanes)
            forEachNumber { channel, depth, height, width in
                let plane = source + channel * image.count
                for run in runs {
                    copy(run, from: plane, place(run, depth, height, width), to: line + run.lane)
                }
                line += lanes
            }
        }
    }

    @inline(__always)
    private func copy<R: Real>(
        _ run: Run,
        from plane: UnsafePointer<R>,
        _ place: (start: Int, inside: Range<Int>)?,
        to line: UnsafeMutablePointer<R>
    ) {
        guard let (start, inside) = place else { return line.initialize(repeating: 0, count: run.count) }
        let step = stride.width
        for lane in 0..<inside.lowerBound { line[lane] = 0 }
        if step == 1 {
            (line + inside.lowerBound).update(from: plane + start + inside.lowerBound, count: inside.count)
        } else {
            for lane in inside { line[lane] = plane[start + lane * step] }
        }
        for lane in inside.upperBound..<max(inside.upperBound, run.count) { line[lane] = 0 }
    }

    /// Adds the windows from `first` on, a line of `count` of them for each of their numbers, to the image.
    @inline(__always)
    func scatter<R: Real>(
        _ source: UnsafePointer<R>,
        first: Int,
        count: Int,
        to target: UnsafeMutablePointer<R>
    ) {
        var line = source
        let runs = runs(first, count)
        forEachNumber { channel, depth, height, width in
            let plane = target + channel * image.count
            for run in runs {
                guard let (start, inside) = place(run, depth, height, width) else { continue }
                for lane in inside { plane[start + lane * stride.width] += line[run.lane + lane] }
            }
            line += count
        }
    }
}
