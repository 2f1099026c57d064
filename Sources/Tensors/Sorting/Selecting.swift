/// The C++ library's partial sort and selection, by which PyTorch's `topk` decides which of equal elements it takes.
enum Selecting {
    /// Returns the numbers below `count` with the `k` first ones, by `isBefore`, at the front.
    static func places(
        _ count: Int,
        _ k: Int,
        isSorted: Bool,
        _ isBefore: @escaping (Int, Int) -> Bool
    ) -> [Int] {
        var places = Array(0..<count)
        guard k > 0 else { return places }
        places.withUnsafeMutableBufferPointer { buffer in
            guard let start = buffer.baseAddress else { return }
            let range = Range(items: start, isBefore: isBefore)
            if k * 64 <= count {
                range.partialSort(k, count)
            } else {
                range.select(k - 1, count)
                if isSorted { range.sort(0, k - 1) }
            }
        }
        return places
    }

    /// Places that are compared by what lies there, and the algorithms of libstdc++ over them.
    private struct Range {
        let items: UnsafeMutablePointer<Int>
        let isBefore: (Int, Int) -> Bool
        /// Ranges up to this long are sorted by insertion.
        private let threshold = 16

        func partialSort(_ middle: Int, _ last: Int) {
            heapSelect(0, middle, last)
            sortHeap(0, middle)
        }

        private func heapSelect(_ first: Int, _ middle: Int, _ last: Int) {
            makeHeap(first, middle)
            for index in middle..<max(last, middle) where isBefore(items[index], items[first]) {
                popHeap(first, middle, index)
            }
        }

        private func makeHeap(_ first: Int, _ last: Int) {
            let length = last - first
            guard length >= 2 else { return }
            for parent in (0...(length - 2) / 2).reversed() {
                adjust(first, parent, length, items[first + parent])
            }
        }

        private func popHeap(_ first: Int, _ last: Int, _ result: Int) {
            let value = items[result]
            items[result] = items[first]
            adjust(first, 0, last - first, value)
        }

        private func sortHeap(_ first: Int, _ last: Int) {
            var last = last
            while last - first > 1 {
                last -= 1
                popHeap(first, last, last)
            }
        }

        /// Lets the hole at `hole` sink to the bottom, then `value` rise from there.
        private func adjust(_ first: Int, _ hole: Int, _ length: Int, _ value: Int) {
            var (hole, child) = (hole, hole)
            let top = hole
            while child < (length - 1) / 2 {
                child = 2 * (child + 1)
                if isBefore(items[first + child], items[first + child - 1]) { child -= 1 }
                items[first + hole] = items[first + child]
                hole = child
            }
            if length.isMultiple(of: 2), child == (length - 2) / 2 {
                child = 2 * (child + 1)
                items[first + hole] = items[first + child - 1]
                hole = child - 1
            }
            var parent = (hole - 1) / 2
            while hole > top, isBefore(items[first + parent], value) {
                items[first + hole] = items[first + parent]
                hole = parent
                parent = (hole - 1) / 2
            }
            items[first + hole] = value
        }

        /// `std::nth_element`.
        func select(_ nth: Int, _ last: Int) {
            var (first, last, depth) = (0, last, 2 * Self.logarithm(last))
            guard first != last, nth != last else { return }
            while last - first > 3 {
                guard depth > 0 else {
                    heapSelect(first, nth + 1, last)
                    return swap(first, nth)
                }
                depth -= 1
                let cut = partition(first, last)
                if cut <= nth { first = cut } else { last = cut }
            }
            insertionSort(first, last)
        }

        /// `std::sort`.
        func sort(_ first: Int, _ last: Int) {
            guard first < last else { return }
            introsort(first, last, 2 * Self.logarithm(last - first))
            guard last - first > threshold else { return insertionSort(first, last) }
            insertionSort(first, first + threshold)
            for index in first + threshold..<last { insert(index) }
        }

        private func introsort(_ first: Int, _ last: Int, _ depth: Int) {
            var (last, depth) = (last, depth)
            while last - first > threshold {
                guard depth > 0 else {
                    heapSelect(first, last, last)
                    return sortHeap(first, last)
                }
                depth -= 1
                let cut = partition(first, last)
                introsort(cut, last, depth)
                last = cut
            }
        }

        /// Parts the range about the median of three, and returns where the second part begins.
        private func partition(_ first: Int, _ last: Int) -> Int {
            moveMedian(to: first, first + 1, first + (last - first) / 2, last - 1)
            var (left, right) = (first + 1, last)
            while true {
                while isBefore(items[left], items[first]) { left += 1 }
                right -= 1
                while isBefore(items[first], items[right]) { right -= 1 }
                guard left < right else { return left }
                swap(left, right)
                left += 1
            }
        }

        private func moveMedian(to result: Int, _ a: Int, _ b: Int, _ c: Int) {
            func before(_ first: Int, _ second: Int) -> Bool { isBefore(items[first], items[second]) }
            if before(a, b) {
                swap(result, before(b, c) ? b : (before(a, c) ? c : a))
            } else {
                swap(result, before(a, c) ? a : (before(b, c) ? c : b))
            }
        }

        private func insertionSort(_ first: Int, _ last: Int) {
            guard first < last else { return }
            for index in (first + 1)..<max(last, first + 1) {
                guard isBefore(items[index], items[first]) else {
                    insert(index)
                    continue
                }
                let value = items[index]
                for place in (first..<index).reversed() { items[place + 1] = items[place] }
                items[first] = value
            }
        }

        /// Moves the item at `index` down to its place, which is known to exist.
        private func insert(_ index: Int) {
            let value = items[index]
            var place = index
            while isBefore(value, items[place - 1]) {
                items[place] = items[place - 1]
                place -= 1
            }
            items[place] = value
        }

        private func swap(_ first: Int, _ second: Int) {
            (items[first], items[second]) = (items[second], items[first])
        }

        private static func logarithm(_ count: Int) -> Int { count.bitWidth - 1 - count.leadingZeroBitCount }
    }
}
