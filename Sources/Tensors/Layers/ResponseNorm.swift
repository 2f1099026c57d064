/// Division of each number by a power of the squares of its neighbours among the channels.
public struct ResponseNorm: Sendable, Equatable {
    /// Which channels are neighbours.
    public enum Neighbours: Sendable, Equatable {
        /// So many around the channel: `F.local_response_norm`.
        case around
        /// As `CrossMapLRN2d` adds and takes away channels while it goes through them.
        case crossing
    }

    /// The number of neighbours.
    public var size: Int
    /// What the sum of squares is multiplied by, after division by `size`.
    public var alpha: Double
    /// The exponent.
    public var beta: Double
    /// What is added to the sum.
    public var k: Double
    /// Which channels are neighbours.
    public var neighbours: Neighbours

    /// Creates a norm.
    public init(size: Int, alpha: Double, beta: Double, k: Double, neighbours: Neighbours = .around) {
        (self.size, self.alpha, self.beta, self.k, self.neighbours) = (size, alpha, beta, k, neighbours)
    }

    /// Which channels each of `count` is divided by.
    fileprivate func windows(_ count: Int) -> [Window] {
        (0..<count).map { channel in
            switch neighbours {
            case .around:
                let end = min(count, channel.addingSaturating((size - 1) / 2 + 1))
                return Window(range: max(0, channel - size / 2)..<max(0, end), takesFirst: false)
            case .crossing:
                let reach = (size - 1) / 2 + 1
                let end = max(1, min(count, channel.addingSaturating(reach)))
                // The first channel is never taken away again.
                guard channel > reach else { return Window(range: 0..<end, takesFirst: false) }
                return Window(range: max(1, channel - reach + 1)..<end, takesFirst: true)
            }
        }
    }
}

/// The channels that one is divided by.
private struct Window: Sendable {
    let range: Range<Int>
    /// Whether the first one is among them too.
    let takesFirst: Bool

    @inline(__always)
    func forEach(_ body: (Int) -> Void) {
        if takesFirst { body(0) }
        for channel in range { body(channel) }
    }
}

extension Int {
    fileprivate func addingSaturating(_ other: Int) -> Int {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}

extension Tensor {
    /// Returns x / (k + alpha / size * sum of squares of the neighbours)^beta; the channels are the second axis.
    public func responseNorm(_ norm: ResponseNorm) throws(TensorError) -> Tensor {
        guard elementCount > 0 else { return self }
        guard norm.size > 0 else {
            if norm.neighbours == .crossing, norm.size == 0 { throw .layer(.zeroResponseSize) }
            throw .layer(.responseSize(norm.size, isVolume: rank > 3))
        }
        guard dtype.isFloatingPoint else { throw .notImplemented(kernel: "avg_pool2d", dtype) }
        let windows = norm.windows(shape[1])
        let result = try Operations.perform("local_response_norm") { () throws(TensorError) in
            let neighbours = windows.reduce(0) { $0 &+ $1.range.count }
            let length = shape.dropFirst(2).reduce(1, *)
            try CallMeter.charge(shape[0], length, neighbours, cost: CallMeter.elementCost)
            try CallMeter.chargeElements(elementCount, cost: CallMeter.scalarCost)
            let response = Response(input: try widened(), gradient: nil, norm: norm, windows: windows)
            return try dtype.computing.acceptReal(response, kernel: "avg_pool2d").cast(to: dtype)
        }
        guard Autograd.records(self) else { return result }
        let saved = detached()
        let name =
            norm.neighbours == .around
            ? NodeName("DivBackward0") : NodeName("CrossMapLRN2dBackward", old: "CrossMapLRN2d")
        return try result.recorded(name, [self], saving: [saved]) { gradient, _ throws(TensorError) in
            let neighbours = windows.reduce(0) { $0 &+ $1.range.count }
            let length = saved.shape.dropFirst(2).reduce(1, *)
            try CallMeter.charge(saved.shape[0], length, neighbours, cost: 2 * CallMeter.elementCost)
            try CallMeter.chargeElements(saved.elementCount, cost: 2 * CallMeter.scalarCost)
            if norm.neighbours == .crossing, norm.size == 1 { throw .layer(.crossMapGradient(saved.shape[1])) }
            let response = Response(
                input: try saved.widened(),
                gradient: try gradient.widened(),
                norm: norm,
                windows: windows
            )
            return [try saved.dtype.computing.acceptReal(response, kernel: "avg_pool2d").cast(to: saved.dtype)]
        }
    }
}

/// The norm, or, with a gradient, what goes back through it.
private struct Response: RealVisitor {
    let input: Tensor
    let gradient: Tensor?
    let norm: ResponseNorm
    let windows: [Window]

    func visit<R: Real>(_ type: R.Type) throws(TensorError) -> Tensor {
        let (channels, length) = (input.shape[1], input.shape.dropFirst(2).reduce(1, *))
        let factor = norm.alpha / Double(norm.size)
        return try Tensor(of: R.self, shape: input.shape) { target in
            let source = input.address(of: R.self)
            let gradient = gradient?.address(of: R.self)
            var divisors = [Double](repeating: 0, count: channels)
            // Nothing is rounded before all that reaches a channel is taken away.
            var results = [Double](repeating: 0, count: channels)
            for image in 0..<input.shape[0] {
                for place in 0..<length {
                    let start = image * channels * length + place
                    for channel in 0..<channels {
                        var sum = 0.0
                        windows[channel].forEach { neighbour in
                            let value = Double(source[start + neighbour * length])
                            sum += value * value
                        }
                        divisors[channel] = norm.k + factor * sum
                    }
                    for channel in 0..<channels {
                        let at = start + channel * length
                        let power = Self.power(divisors[channel], -norm.beta)
                        let own = gradient.map { Double($0[at]) } ?? Double(source[at])
                        results[channel] = own * power
                    }
                    if let gradient {
                        if norm.neighbours == .crossing {
                            takeCrossing(gradient, source, divisors, (start, length), from: &results)
                        } else {
                            takeAround(gradient, source, divisors, (start, length), from: &results)
                        }
                    }
                    for channel in 0..<channels {
                        (target + (start + channel * length)).initialize(to: R(results[channel]))
                    }
                }
            }
        }
    }

    /// Takes away what came by way of the neighbours.
    private func takeAround<R: Real>(
        _ gradient: UnsafePointer<R>,
        _ source: UnsafePointer<R>,
        _ divisors: [Double],
        _ place: (start: Int, length: Int),
        from results: inout [Double]
    ) {
        let factor = 2 * norm.beta * norm.alpha / Double(norm.size)
        for channel in divisors.indices {
            let at = place.start + channel * place.length
            let power = Self.power(divisors[channel], -norm.beta - 1)
            let common = factor * Double(gradient[at]) * Double(source[at]) * power
            windows[channel].forEach { neighbour in
                results[neighbour] -= common * Double(source[place.start + neighbour * place.length])
            }
        }
    }

    /// Takes away what came by way of the neighbours, which PyTorch's own derivative looks for one channel too early.
    private func takeCrossing<R: Real>(
        _ gradient: UnsafePointer<R>,
        _ source: UnsafePointer<R>,
        _ divisors: [Double],
        _ place: (start: Int, length: Int),
        from results: inout [Double]
    ) {
        let count = divisors.count
        let ratios = (0..<count).map { channel in
            let at = place.start + channel * place.length
            return Double(gradient[at]) * Double(source[at]) * Self.power(divisors[channel], -norm.beta - 1)
        }
        let before = norm.size / 2 + norm.size % 2
        for channel in 0..<count {
            let (first, end) = (max(0, channel - before), min(count, channel.addingSaturating(norm.size - before)))
            let sum = first < end ? ratios[first..<end].reduce(0, +) : 0
            let at = place.start + channel * place.length
            results[channel] -= 2 * norm.alpha * norm.beta / Double(norm.size) * Double(source[at]) * sum
        }
    }

    private static func power(_ base: Double, _ exponent: Double) -> Double { base.raised(to: exponent) }
}
