extension Tensor {
    /// Returns the tensor with two axes exchanged, without history; its elements are copied.
    func swapped(_ first: Int, _ second: Int) throws(TensorError) -> Tensor {
        let (first, second) = (try shape.axis(first), try shape.axis(second))
        guard first != second else { return detached() }
        return try dtype.accept(Swap(tensor: self, outer: min(first, second), inner: max(first, second)))
    }

    /// The elements seen as [before][rows][between][columns][after]; rows and columns change places.
    private struct Swap: ScalarVisitor {
        /// The sides of a tile.
        private static let edge = 16

        let tensor: Tensor
        let before, rows, between, columns, after: Int
        let shape: Shape

        init(tensor: Tensor, outer: Int, inner: Int) {
            self.tensor = tensor
            var sizes = tensor.shape.dimensions
            (rows, columns) = (sizes[outer], sizes[inner])
            before = sizes[..<outer].reduce(1, *)
            between = sizes[(outer + 1)..<inner].reduce(1, *)
            after = sizes[(inner + 1)...].reduce(1, *)
            sizes.swapAt(outer, inner)
            shape = Shape(sizes, elementCount: tensor.elementCount)
        }

        func visit<S: Scalar>(_ type: S.Type) throws(TensorError) -> Tensor {
            try Tensor(of: S.self, shape: shape) { target throws(TensorError) in
                try tensor.withScalars(of: S.self) { source in
                    guard shape.elementCount > 0 else { return }
                    for block in 0..<before {
                        let start = block * rows * between * columns * after
                        if between == 1, after == 1 {
                            copyMatrix(source + start, to: target + start)
                        } else {
                            copyBlock(source + start, to: target + start)
                        }
                    }
                }
            }
        }

        /// A matrix in tiles that fill lines of the cache: each line is read once and written once.
        @inline(__always)
        private func copyMatrix<S: Scalar>(_ source: UnsafePointer<S>, to target: UnsafeMutablePointer<S>) {
            withUnsafeTemporaryAllocation(of: S.self, capacity: Self.edge * Self.edge) { tile in
                guard let tile = tile.baseAddress else { return }
                for top in stride(from: 0, to: rows, by: Self.edge) {
                    for left in stride(from: 0, to: columns, by: Self.edge) {
                        let (from, to) = (source + top * columns + left, target + left * rows + top)
                        let (height, width) = (min(Self.edge, rows - top), min(Self.edge, columns - left))
                        copyTile(from, to: to, height: height, width: width, through: tile)
                    }
                }
            }
        }

        @inline(__always)
        private func copyTile<S: Scalar>(
            _ source: UnsafePointer<S>,
            to target: UnsafeMutablePointer<S>,
            height: Int,
            width: Int,
            through tile: UnsafeMutablePointer<S>
        ) {
            for row in 0..<height {
                let line = source + row * columns
                for column in 0..<width { (tile + column * Self.edge + row).initialize(to: line[column]) }
            }
            for column in 0..<width {
                (target + column * rows).initialize(from: tile + column * Self.edge, count: height)
            }
        }

        @inline(__always)
        private func copyBlock<S: Scalar>(_ source: UnsafePointer<S>, to target: UnsafeMutablePointer<S>) {
            var next = target
            for column in 0..<columns {
                for middle in 0..<between {
                    for row in 0..<rows {
                        next.initialize(
                            from: source + ((row * between + middle) * columns + column) * after,
                            count: after
                        )
                        next += after
                    }
                }
            }
        }
    }
}
