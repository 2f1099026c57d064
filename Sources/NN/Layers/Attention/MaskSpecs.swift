import Tensors

/// What is known of the masks of an attention before it is called.
struct MaskSpecs {
    /// Those of scores, one for each pair of positions, and those of padding, one for each position of each row.
    let scores, padding: [ValueSpec]

    init(scores: [ValueSpec], padding: [ValueSpec]) {
        (self.scores, self.padding) = (scores, padding)
    }

    /// Creates those of a layer of a transformer behind so many sequences: one of scores for each, one of padding for each.
    init(behind count: Int, of inputs: [ValueSpec]) {
        scores = inputs.given(count...2 * count - 1)
        padding = inputs.given(2 * count...3 * count - 1)
    }

    /// Whether what becomes of a row depends on that row alone: a mask of scores is the same for all, one of padding has a
    /// row for each.
    var keepRowsApart: Bool {
        scores.allSatisfy { $0.isNone || $0.tensor.map { $0.rank == 2 && $0.rows == .none } ?? false }
            && padding.allSatisfy { $0.isNone || $0.tensor.map { $0.rank == 2 && $0.rows == .axis(0) } ?? false }
    }
}

extension [ValueSpec] {
    /// Those at `places`, as far as they are given.
    func given(_ places: ClosedRange<Int>) -> [ValueSpec] { places.filter(indices.contains).map { self[$0] } }
}
