internal import CKernels

/// Room for the lines of an image, with what stands around them, that some lines of a map are made of.
///
/// With a stride, a place of the kernel meets only every so manyth number of a line. Those that belong together lie together,
/// so that windows side by side are neighbours: for each channel, and for each slice that the kernel meets, a plane for each
/// remainder of the height and of the width.
struct WindowRoom {
    /// How an axis of the kernel falls on numbers that lie a stride apart.
    private struct Axis {
        /// The remainders that there are.
        var phases: [Int] = []
        /// For each place of the kernel the remainder, by its number, and how many strides away it is.
        var places: [(phase: Int, step: Int)] = []

        init(kernel: Int, stride: Int, dilation: Int) {
            for place in 0..<kernel {
                let (step, rest) = (place * dilation).quotientAndRemainder(dividingBy: stride)
                if !phases.contains(rest) { phases.append(rest) }
                places.append((phases.firstIndex(of: rest) ?? 0, step))
            }
        }

        /// How many strides the farthest place is away.
        var reach: Int { places.last?.step ?? 0 }
    }

    private let windows: Windows
    private let height, width: Axis
    /// The lines of the map that are made at once, and in how many turns all of a slice are.
    let bandLines, bands: Int
    /// The rows of the weight that are, and in how many turns all are.
    let cutRows, cuts: Int
    /// Whether windows go on from one line of the map to the next, and what lies between is cut out afterwards.
    let isFlat: Bool
    /// From one line to the next.
    let pitch: Int
    /// The numbers that fit, with some behind them that may be read and mean nothing.
    let size: Int
    /// Where the numbers of a window lie, from its beginning on.
    let taps: [Int]
    private let phases: [callpath_phase]

    /// The numbers that are copied at once, about: half of a second cache.
    private static let bandNumbers = 1 << 17
    /// The most that are: where windows reach far beyond the image, most of it would be zeros.
    private static let mostNumbers = 1 << 22
    /// The most places along an axis of a kernel.
    private static let mostPlaces = 1 << 10
    /// The longest strides and paddings, so that no place beyond the image's end is beyond what can be counted.
    private static let longest = 1 << 32
    /// What may be read behind the last number.
    static let slack = 64

    /// Flat windows waste some of each band, so that several threads take rows of the weight instead, if each gets so many.
    private static let leastRows = 8

    /// Creates room for one of `parts`, each of which has these windows and so many rows of weights; `nil` if it would take too
    /// much.
    init?(_ windows: Windows, rows: Int, parts: Int, work: Double) {
        guard windows.kernel.sizes.allSatisfy({ $0 <= Self.mostPlaces }),
            (windows.stride.sizes + windows.padding.sizes).allSatisfy({ $0 <= Self.longest })
        else { return nil }
        let (stride, dilation, most) = (windows.stride, windows.dilation, Self.mostNumbers)
        let height = Axis(kernel: windows.kernel.height, stride: stride.height, dilation: dilation.height)
        let width = Axis(kernel: windows.kernel.width, stride: stride.width, dilation: dilation.width)
        guard width.reach < most, height.reach < most, windows.output.width < most, windows.length < most else {
            return nil
        }
        let pitch = windows.output.width + width.reach
        let planes = windows.channels * windows.kernel.depth * height.phases.count * width.phases.count
        let (line, overflow) = pitch.multipliedReportingOverflow(by: planes)
        guard !overflow, line <= most else { return nil }
        let fitting = max(1, Self.bandNumbers / line - height.reach)
        let isFlat = Self.isFlat(windows, pitch: pitch)
        let (isCut, slices, plan) = (isFlat && rows >= 2 * Self.leastRows, parts * windows.output.depth, ProductPlan())
        let share = plan.piece(of: windows.output.height, parts: slices, work: work, perShare: 2)
        let bandLines = min(windows.output.height, fitting, isCut ? .max : max(share, height.reach))
        let bands = (windows.output.height + bandLines - 1) / bandLines
        let rowShare = plan.piece(of: rows, parts: slices * bands, work: work, perShare: 1)
        let cutRows = isCut ? max(Self.leastRows, rowShare) : rows
        let plane = (bandLines + height.reach) * pitch
        let (whole, overflow2) = plane.multipliedReportingOverflow(by: planes)
        guard !overflow2, whole <= most else { return nil }
        (self.windows, self.height, self.width, self.pitch) = (windows, height, width, pitch)
        (self.bandLines, self.bands, self.isFlat) = (bandLines, bands, isFlat)
        (self.cutRows, cuts) = (cutRows, (rows + cutRows - 1) / cutRows)
        size = whole + Self.slack
        phases = height.phases.flatMap { high in
            width.phases.map { Self.phase(high, $0, windows, pitch: pitch) }
        }
        var taps: [Int] = []
        taps.reserveCapacity(windows.length)
        windows.forEachNumber { channel, depth, line, column in
            let (high, wide) = (height.places[line], width.places[column])
            let slice = channel * windows.kernel.depth + depth
            let number = (slice * height.phases.count + high.phase) * width.phases.count + wide.phase
            taps.append(number * plane + high.step * pitch + wide.step)
        }
        self.taps = taps
    }

    private static func isFlat(_ windows: Windows, pitch: Int) -> Bool {
        let (width, line) = (windows.output.width, WindowLines.width)
        // Cutting a number out costs as much as some eight multiply-adds.
        let wasted = (width + line - 1) / line * line - pitch
        return width < line || wasted * windows.length > 8 * width
    }

    /// The numbers of an image's line that one remainder of the width meets.
    private static func phase(_ row: Int, _ column: Int, _ windows: Windows, pitch: Int) -> callpath_phase {
        let (stride, offset) = (windows.stride.width, column - windows.padding.width)
        let before = min(pitch, offset >= 0 ? 0 : (-offset + stride - 1) / stride)
        let end = min(pitch, max(before, (windows.image.width - offset + stride - 1) / stride))
        let first = end > before ? before * stride + offset : 0
        return callpath_phase(row: row, column: first, before: before, count: end - before)
    }

    /// Calls `body` with the room as the kernels know it.
    func withRoom(_ body: (callpath_room) -> Void) {
        phases.withUnsafeBufferPointer { phases in
            guard let phase = phases.baseAddress else { return }
            body(
                callpath_room(
                    channels: windows.channels,
                    depth: windows.image.depth,
                    height: windows.image.height,
                    width: windows.image.width,
                    slices: windows.kernel.depth,
                    slice_step: windows.dilation.depth,
                    row_stride: windows.stride.height,
                    column_stride: windows.stride.width,
                    lines: bandLines + height.reach,
                    pitch: pitch,
                    phases: phases.count,
                    phase: phase,
                    is_filled: false
                )
            )
        }
    }
}
