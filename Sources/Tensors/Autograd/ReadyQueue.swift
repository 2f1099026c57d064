/// The nodes that can run, the latest made first: a binary heap.
struct ReadyQueue {
    private var heap: [GradientNode] = []

    mutating func insert(_ node: GradientNode) {
        heap.append(node)
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[parent].sequence < heap[child].sequence else { return }
            heap.swapAt(parent, child)
            child = parent
        }
    }

    mutating func popLatest() -> GradientNode? {
        guard let latest = heap.first, let last = heap.popLast() else { return nil }
        guard !heap.isEmpty else { return latest }
        heap[0] = last
        sinkFirst()
        return latest
    }

    private mutating func sinkFirst() {
        var parent = 0
        while true {
            let left = 2 * parent + 1
            guard left < heap.count else { return }
            let right = left + 1
            let child = right < heap.count && heap[right].sequence > heap[left].sequence ? right : left
            guard heap[child].sequence > heap[parent].sequence else { return }
            heap.swapAt(parent, child)
            parent = child
        }
    }
}
