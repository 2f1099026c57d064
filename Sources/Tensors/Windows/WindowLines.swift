internal import CKernels

/// A convolution of floats that reads windows where they lie, sixteen side by side, in place of windows that are gathered.
///
/// Where nothing stands around the image and windows are neighbours, they are read from it. Elsewhere some lines of the
/// image at a time are copied into a room with what stands around them. Each number of the map is the same chain of
/// multiply-adds either way, in the order of the window.
struct WindowLines: Sendable {
    private let windows: Windows
    private let images, groups, rows: Int
    /// Where lines are copied to; `nil` if they are read from the image.
    private let room: WindowRoom?

    /// The windows that lie side by side.
    static let width = 16
    /// How many multiply-adds the loading of a line takes as long as: all of it where there is one row of weights.
    private static let workPerLine = 3

    /// Creates the lines for `images` of `groups`, each with `rows` of weights; `nil` where windows are better gathered.
    init?(_ windows: Windows, images: Int, groups: Int, rows: Int) {
        guard windows.output.count > 0, windows.length > 0, rows > 0, images > 0 else { return nil }
        let form = windows.isPointwise ? windows.inOneLine : windows
        (self.windows, self.images, self.groups, self.rows) = (form, images, groups, rows)
        guard !form.isBare || form.output.width < Self.width else {
            room = nil
            return
        }
        let work = Self.work(form, rows) * Double(images * groups)
        guard let room = WindowRoom(form, rows: rows, parts: images * groups, work: work) else { return nil }
        self.room = room
    }

    /// About how many multiply-adds one part takes as long as.
    private static func work(_ windows: Windows, _ rows: Int) -> Double {
        Double(rows + workPerLine) * Double(windows.length) * Double(windows.output.count)
    }

    /// The lines that cover so many windows.
    private static func lines(over count: Int) -> Int { (count + width - 1) / width }

    /// The lines over a line of the map.
    private var linesAcross: Int { Self.lines(over: windows.output.width) }

    /// What is read for each part and where the sums go, in a form that costs nothing to pass on.
    private struct Job: @unchecked Sendable {
        // The pointers lie in arrays and tensors that outlive the job; nobody changes what is read, and parts write to
        // places of their own.
        let table: callpath_kernels
        let image, weight: UnsafePointer<Float>
        let bias: UnsafePointer<Float>?
        let target: UnsafeMutablePointer<Float>
        let groups, rows, length, imageSize, mapSize: Int
        let taps, starts, places: UnsafePointer<Int>
        /// What becomes of each channel.
        var channels: UnsafePointer<callpath_finish>?

        /// Finishes `count` numbers of some rows of one part from `out` on.
        @inline(__always)
        func finish(_ part: Int, rows cut: Range<Int>, _ out: UnsafeMutablePointer<Float>, count: Int) {
            guard let channels else { return }
            let first = channels + part % groups * rows + cut.lowerBound
            for row in 0..<cut.count { table.finish_f32(out + row * mapSize, count, first + row, out + row * mapSize) }
        }

        /// Computes `count` lines of windows of one part and some rows of weights, from line `first` on.
        @inline(__always)
        func compute(
            _ part: Int,
            rows cut: Range<Int>,
            from image: UnsafePointer<Float>,
            first: Int,
            count: Int,
            to out: UnsafeMutablePointer<Float>,
            stride: Int
        ) {
            let row = part % groups * rows + cut.lowerBound
            let form = callpath_windows(
                rows: cut.count,
                inputs: length,
                lines: count,
                out_stride: stride,
                taps: taps,
                starts: starts + first,
                places: places + first
            )
            table.windows_f32(form, image, weight + row * length, bias.map { $0 + row }, out)
        }
    }

    /// Where lines begin and their sums go, and where the numbers of a window lie.
    struct Places: Sendable {
        let starts, places, taps: [Int]
    }

    /// The places, which are the same in each call.
    var places: Places {
        let lines = room.map(roomLines) ?? imageLines
        return Places(starts: lines.starts, places: lines.places, taps: room?.taps ?? windows.taps)
    }

    /// Returns each window of `image` times the weight, plus `bias`: a tensor of `shape`, its channels finished.
    func map(
        of image: Tensor,
        _ weight: Tensor,
        bias: Tensor?,
        shape: Shape,
        finish: ChannelFinish? = nil,
        at lines: Places
    ) throws(TensorError) -> Tensor {
        let taps = lines.taps
        let (starts, places) = (lines.starts, lines.places)
        let sums = room.map { $0.isFlat ? $0.cutRows * starts.count * Self.width : 0 } ?? 0
        try TensorBody.check(saturating: (room?.size ?? 0) + sums, MemoryLayout<Float>.size)
        return try Tensor(of: Float.self, shape: shape) { target in
            taps.withUnsafeBufferPointer { taps in
                starts.withUnsafeBufferPointer { starts in
                    places.withUnsafeBufferPointer { places in
                        guard let taps = taps.baseAddress, let first = starts.baseAddress,
                            let places = places.baseAddress
                        else { return }
                        var job = Job(
                            table: KernelSet.current.table.pointee,
                            image: image.address(of: Float.self),
                            weight: weight.address(of: Float.self),
                            bias: bias?.address(of: Float.self),
                            target: target,
                            groups: groups,
                            rows: rows,
                            length: windows.length,
                            imageSize: windows.channels * windows.image.count,
                            mapSize: windows.output.count,
                            taps: taps,
                            starts: first,
                            places: places
                        )
                        guard let room else {
                            inImage(job, lines: starts.count)
                            // Lines may lie over one another, so none is finished before all are there.
                            finish?.apply(images, of: windows.output.count, target, to: target)
                            return
                        }
                        guard let finish else { return inRoom(job, room, sums: sums) }
                        finish.withChannels { channels in
                            job.channels = channels
                            inRoom(job, room, sums: sums)
                        }
                    }
                }
            }
        }
    }

    /// The work of one of so many units.
    private func work(of units: Int) -> Double {
        Self.work(windows, rows) * Double(images * groups) / Double(units)
    }

    // MARK: Windows that are read from the image

    /// Where the lines over the map of one part begin, and where their sums go.
    private var imageLines: (starts: [Int], places: [Int]) {
        let (image, output, stride) = (windows.image, windows.output, windows.stride)
        return lines(over: output.depth * output.height) { row in
            let (slice, line) = row.quotientAndRemainder(dividingBy: output.height)
            return (slice * stride.depth * image.height + line * stride.height) * image.width
        }
    }

    /// Where lines of windows begin over `rows` lines of the map, each of which begins at `start`; the last one of a line
    /// ends where the line does.
    private func lines(over rows: Int, _ start: (Int) -> Int) -> (starts: [Int], places: [Int]) {
        var (starts, places) = ([Int](), [Int]())
        starts.reserveCapacity(rows * linesAcross)
        places.reserveCapacity(rows * linesAcross)
        let width = windows.output.width
        for row in 0..<rows {
            for line in 0..<linesAcross {
                let column = min(line * Self.width, width - Self.width)
                starts.append(start(row) + column)
                places.append(row * width + column)
            }
        }
        return (starts, places)
    }

    private func inImage(_ job: Job, lines count: Int) {
        let parts = images * groups
        let share = ProductPlan().piece(of: count, parts: parts, work: work(of: 1))
        // Sets take three or four lines at once.
        let length = min(count, (share + 11) / 12 * 12)
        let pieces = (count + length - 1) / length
        ProductPlan().share(units: parts * pieces, work: work(of: parts * pieces)) { units in
            for unit in units {
                let (part, piece) = unit.quotientAndRemainder(dividingBy: pieces)
                job.compute(
                    part,
                    rows: 0..<job.rows,
                    from: job.image + part * job.imageSize,
                    first: piece * length,
                    count: min(length, count - piece * length),
                    to: job.target + part * job.rows * job.mapSize,
                    stride: job.mapSize
                )
            }
        }
    }

    // MARK: Windows that are copied first

    /// Where the lines over the lines of the map that are made at once begin, and where their sums go.
    private func roomLines(_ room: WindowRoom) -> (starts: [Int], places: [Int]) {
        guard room.isFlat else { return lines(over: room.bandLines) { $0 * room.pitch } }
        let starts = (0..<flatLines(room.bandLines, room)).map { $0 * Self.width }
        return (starts, starts)
    }

    /// The lines over so many lines of the map and what lies between them.
    private func flatLines(_ lines: Int, _ room: WindowRoom) -> Int {
        Self.lines(over: (lines - 1) * room.pitch + windows.output.width)
    }

    private func inRoom(_ job: Job, _ room: WindowRoom, sums: Int) {
        let (count, height, width) = (room.bands * windows.output.depth, windows.output.height, windows.output.width)
        let (pitch, bands, bandLines, size) = (room.pitch, room.bands, room.bandLines, room.size)
        let (cuts, cutRows, isFlat) = (room.cuts, room.cutRows, room.isFlat)
        let (stride, padding, across) = (windows.stride, windows.padding, linesAcross)
        let units = images * groups * count * cuts
        room.withRoom { form in
            nonisolated(unsafe) let form = form
            ProductPlan().share(units: units, work: work(of: units)) { units in
                KeptMemory.withFloats(size + sums) { buffer in
                    (buffer + size - WindowRoom.slack).initialize(repeating: 0, count: WindowRoom.slack)
                    var (form, filled) = (form, -1)
                    for unit in units {
                        let (number, cut) = unit.quotientAndRemainder(dividingBy: cuts)
                        let (part, place) = number.quotientAndRemainder(dividingBy: count)
                        let (slice, band) = place.quotientAndRemainder(dividingBy: bands)
                        let (line, lines) = (band * bandLines, min(bandLines, height - band * bandLines))
                        if number != filled {
                            let deep = slice * stride.depth - padding.depth
                            let high = line * stride.height - padding.height
                            job.table.fill_f32(&form, job.image + part * job.imageSize, deep, high, buffer)
                            (form.is_filled, filled) = (true, number)
                        }
                        let rows = cut * cutRows..<min(job.rows, (cut + 1) * cutRows)
                        let map = job.target + (part * job.rows + rows.lowerBound) * job.mapSize
                        let out = map + (slice * height + line) * width
                        if isFlat {
                            let flat = Self.lines(over: (lines - 1) * pitch + width)
                            let (sums, step) = (buffer + size, flat * Self.width)
                            job.compute(part, rows: rows, from: buffer, first: 0, count: flat, to: sums, stride: step)
                            for row in 0..<rows.count {
                                let cut = sums + row * step
                                job.table.lines_f32(cut, pitch, width, lines, out + row * job.mapSize, width)
                            }
                        } else {
                            job.compute(
                                part,
                                rows: rows,
                                from: buffer,
                                first: 0,
                                count: lines * across,
                                to: out,
                                stride: job.mapSize
                            )
                        }
                        job.finish(part, rows: rows, out, count: lines * width)
                    }
                }
            }
        }
    }
}

extension Windows {
    /// Whether a window is one number, and there is one for each of the image.
    fileprivate var isPointwise: Bool { kernel.count == 1 && image == output && isBare }

    /// Whether windows are neighbours in the image, and none goes beyond it.
    fileprivate var isBare: Bool {
        stride.width == 1 && padding.sizes.allSatisfy { $0 == 0 } && fits(\.depth) && fits(\.height) && fits(\.width)
    }

    private func fits(_ axis: KeyPath<Volume, Int>) -> Bool {
        let last = (output[keyPath: axis] - 1) * stride[keyPath: axis]
        return last + (kernel[keyPath: axis] - 1) * dilation[keyPath: axis] < image[keyPath: axis]
    }

    /// The same windows of one number with all axes as one.
    fileprivate var inOneLine: Windows {
        let steps = WindowSteps(kernel: [1], stride: [1], padding: [0], dilation: [1])
        return Windows(steps, channels: channels, image: [image.count], output: [output.count])
    }

    /// Where the numbers of a window lie in the image, from its beginning on.
    fileprivate var taps: [Int] {
        var taps: [Int] = []
        taps.reserveCapacity(length)
        forEachNumber { channel, depth, height, width in
            let line = (channel * image.depth + depth * dilation.depth) * image.height + height * dilation.height
            taps.append(line * image.width + width * dilation.width)
        }
        return taps
    }
}
