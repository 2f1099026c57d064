/// For each place along some last axes of a result, which place of the source it shows; `nil` for a number of its own.
///
/// Padding, cropping, nearest neighbours and the like are all such maps.
struct AxisMaps: Sendable {
    /// The maps of the last axes, outermost first.
    let maps: [[Int?]]

    /// Calls `body` for each run of the result along the last axis: where it starts, and where its source line starts.
    @inline(__always)
    fileprivate func forEachLine(of source: Shape, _ body: (_ target: Int, _ source: Int?) -> Void) {
        let width = maps.last?.count ?? 1
        let sizes = Array(source.suffix(maps.count))
        let planes = source.dropLast(maps.count).reduce(1, *)
        let (plane, line) = (sizes.reduce(1, *), sizes.last ?? 1)
        let outer = maps.dropLast()
        let lines = outer.reduce(1) { $0 * $1.count }
        for number in 0..<planes * lines {
            var (rest, place, step): (Int, Int?, Int) = (number % lines, 0, line)
            for (map, size) in zip(outer, sizes).reversed() {
                if let known = place, let at = map[rest % map.count] { place = known + at * step } else { place = nil }
                rest /= map.count
                step *= size
            }
            body(number * width, place.map { number / lines * plane + $0 })
        }
    }
}

/// Copies along maps, with `fill` where they show nothing.
struct MapCopy<Fill: Scalar>: ScalarVisitor {
    let tensor: Tensor
    let maps: AxisMaps
    let fill: Fill
    let shape: Shape

    func visit<S: Scalar>(_ type: S.Type) throws(TensorError) -> Tensor {
        try Tensor(of: S.self, shape: shape) { target in
            guard shape.elementCount > 0, let last = maps.maps.last else { return }
            let (source, fill) = (tensor.address(of: S.self), fill.converted(to: S.self))
            maps.forEachLine(of: tensor.shape) { start, line in
                for (column, place) in last.enumerated() {
                    let shown = line.flatMap { line in place.map { source[line + $0] } }
                    (target + start + column).initialize(to: shown ?? fill)
                }
            }
        }
    }
}

/// Adds each number of a result to the place that it showed.
struct MapSum: RealVisitor {
    let gradient: Tensor
    let maps: AxisMaps
    let shape: Shape

    func visit<R: Real>(_ type: R.Type) throws(TensorError) -> Tensor {
        try Tensor(of: R.self, shape: shape) { target in
            target.initialize(repeating: 0, count: shape.elementCount)
            guard gradient.elementCount > 0, let last = maps.maps.last else { return }
            let source = gradient.address(of: R.self)
            maps.forEachLine(of: shape) { start, line in
                guard let line else { return }
                for (column, place) in last.enumerated() {
                    if let place { target[line + place] += source[start + column] }
                }
            }
        }
    }
}

extension Tensor {
    /// Returns what the maps show of this tensor under `shape`, and `fill` elsewhere.
    /// - Parameter makeMaps: Called once there is room for the result, if it has elements.
    func mapped(
        to shape: Shape,
        fill: Double = 0,
        _ operation: StaticString,
        _ node: NodeName,
        by makeMaps: () -> [[Int?]]
    ) throws(TensorError) -> Tensor {
        try TensorBody.check(saturating: shape.elementCount, dtype.itemSize)
        let (maps, result) = try CallMeter.holding(shape.reduce(0, &+), of: MemoryLayout<Int?>.stride) {
            () throws(TensorError) -> (AxisMaps, Tensor) in
            let maps = AxisMaps(maps: shape.elementCount > 0 ? makeMaps() : [])
            let result = try Operations.perform(operation) { () throws(TensorError) in
                try dtype.accept(MapCopy(tensor: self, maps: maps, fill: fill, shape: shape))
            }
            return (maps, result)
        }
        guard Autograd.records(self) else { return result }
        let own = self.shape
        return try result.recorded(node, [self]) { gradient, _ in
            let sum = MapSum(gradient: try gradient.widened(), maps: maps, shape: own)
            return [try gradient.dtype.computing.acceptReal(sum, kernel: "pad").cast(to: gradient.dtype)]
        }
    }
}
