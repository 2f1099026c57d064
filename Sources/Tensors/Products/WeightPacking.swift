internal import CThread
import Synchronization

/// The packing of some weights before anybody computes with them, so that first products need not.
///
/// It is done in pieces by threads of its own, which give way to others where processors are short.
package final class WeightPacking: Sendable {
    private struct Matrix {
        let weight: Tensor
        let packed: PackedWeight
        let pieces: Range<Int>
        let rowsPerPiece: Int
    }

    /// Threads that are idle otherwise; more only get in each other's way to the memory.
    private static let maxThreads = 2

    private let matrices: [Matrix]
    private let pieceCount: Int
    private let nextPiece = Atomic<Int>(0)
    private let running = Atomic<Int>(0)
    private let continuation = Mutex<CheckedContinuation<Void, Never>?>(nil)

    /// Takes memory for the packed forms of `weights`, as many bytes as these have; those without such a form are left out.
    ///
    /// Returns `nil` if none is left, or if there is no memory.
    private init?(_ weights: [Tensor]) {
        var matrices: [Matrix] = []
        var count = 0
        for weight in weights {
            guard let (packed, rows) = try? Tensor.unfilledWeight(weight.dtype, weight.shape) else { return nil }
            guard let packed else { continue }
            let pieces = count..<count + (packed.outputs + rows - 1) / rows
            matrices.append(Matrix(weight: weight, packed: packed, pieces: pieces, rowsPerPiece: rows))
            count = pieces.upperBound
        }
        guard count > 0 else { return nil }
        (self.matrices, pieceCount) = (matrices, count)
    }

    /// Bytes that are packed sooner than a thread is made for them.
    private static let smallByteCount = 64 << 10

    /// Packs `weights`; where there is no memory or no thread for it, their first products do.
    package static func pack(_ weights: [Tensor]) async {
        guard weights.reduce(0, { $0 + $1.byteCount }) > smallByteCount else {
            for weight in weights { weight.packHere() }
            return
        }
        guard let packing = WeightPacking(weights) else { return }
        await withCheckedContinuation(isolation: #isolation) { packing.begin($0) }
    }

    private func begin(_ continuation: CheckedContinuation<Void, Never>) {
        self.continuation.withLock { $0 = continuation }
        let threads = min(Self.maxThreads, pieceCount, ProcessorCount.available)
        // One more, so that none ends it all before the last has begun.
        running.store(threads + 1, ordering: .relaxed)
        for _ in 0..<threads {
            let work = Unmanaged.passRetained(self)
            let hasBegun = cthread_run_gently(
                { context in context.map { Unmanaged<WeightPacking>.fromOpaque($0).takeRetainedValue().packPieces() } },
                work.toOpaque()
            )
            if !hasBegun {
                work.release()
                end()
            }
        }
        end()
    }

    private func packPieces() {
        while case let piece = nextPiece.wrappingAdd(1, ordering: .relaxed).oldValue, piece < pieceCount {
            guard let matrix = matrices.first(where: { $0.pieces.contains(piece) }) else { continue }
            let first = (piece - matrix.pieces.lowerBound) * matrix.rowsPerPiece
            matrix.weight.withUnsafeBytes { bytes in
                guard let base = bytes.baseAddress else { return }
                matrix.packed.packRows(first..<min(first + matrix.rowsPerPiece, matrix.packed.outputs), of: base)
            }
        }
        end()
    }

    private func end() {
        guard running.wrappingSubtract(1, ordering: .acquiringAndReleasing).newValue == 0 else { return }
        if nextPiece.load(ordering: .relaxed) >= pieceCount {
            for matrix in matrices { matrix.weight.body.origin.packing.keep(matrix.packed, of: matrix.weight) }
        }
        continuation.withLock { $0.take() }?.resume()
    }
}
