import CKernels

/// One table of kernels, with the arrays of Swift at its doors.
struct Kernels: CustomStringConvertible, @unchecked Sendable {
    // The table is a constant.
    let table: UnsafePointer<callpath_kernels>
    var description: String { String(cString: table.pointee.name) }

    /// Whether a multiply-add rounds once.
    var isFused: Bool { description != "baseline" }

    static let available = (0..<8).compactMap { callpath_kernels_at($0).map(Kernels.init) }

    /// Returns `x Wᵀ + bias` in `float`, computed in as many shares of panels as `shares` says.
    func linear(_ x: [Float], _ packed: PackedMatrix, bias: [Float]? = nil, rows: Int = 1, shares: Int = 1) -> [Float] {
        let linear =
            switch packed.storage {
            case CALLPATH_BF16: table.pointee.linear_bf16
            case CALLPATH_F16: table.pointee.linear_f16
            default: table.pointee.linear_f32
            }
        var out = [Float](repeating: .signalingNaN, count: rows * packed.outputs)
        for product in packed.products(rows: rows, shares: shares) {
            linear(product, x, packed.memory, bias, &out)
        }
        return out
    }

    /// Returns `x Wᵀ + bias` in `double`.
    func linearDouble(
        _ x: [Double],
        _ packed: PackedMatrix,
        bias: [Double]? = nil,
        rows: Int = 1,
        shares: Int = 1
    ) -> [Double] {
        var out = [Double](repeating: .signalingNaN, count: rows * packed.outputs)
        for product in packed.products(rows: rows, shares: shares) {
            table.pointee.linear_f64(product, x, packed.memory, bias, &out)
        }
        return out
    }
}

/// A matrix in packed form.
final class PackedMatrix {
    let storage: callpath_storage
    let outputs: Int
    let inputs: Int
    let memory: UnsafeMutableRawPointer

    /// Packs the outputs x inputs matrix `elements`, or its transpose laid out as inputs x outputs.
    init<Element>(
        _ elements: [Element],
        _ storage: callpath_storage,
        outputs: Int,
        inputs: Int,
        transposed: Bool = false
    ) {
        self.storage = storage
        self.outputs = outputs
        self.inputs = inputs
        let bytes = callpath_packed_bytes(storage, outputs, inputs)
        memory = callpath_allocate(bytes) ?? UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
        memory.initializeMemory(as: UInt8.self, repeating: 0xFF, count: bytes)
        elements.withUnsafeBytes {
            let weight = callpath_weight(
                elements: $0.baseAddress,
                outputs: outputs,
                inputs: inputs,
                output_stride: transposed ? 1 : inputs,
                input_stride: transposed ? outputs : 1
            )
            callpath_pack(storage, weight, memory)
        }
    }

    deinit { callpath_release(memory) }

    /// The whole product, cut into `shares` ranges of panels, every second one from its end.
    func products(rows: Int, shares: Int) -> [callpath_product] {
        let width = callpath_panel_width(storage)
        let panels = (outputs + width - 1) / width
        return (0..<shares).map {
            callpath_product(
                rows: rows,
                inputs: inputs,
                outputs: outputs,
                out_stride: outputs,
                first_panel: panels * $0 / shares,
                end_panel: panels * ($0 + 1) / shares,
                from_end: $0 % 2 == 1
            )
        }
    }
}

/// Numbers that look random and are the same in every run.
struct Noise {
    private var state: UInt64
    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }

    /// `count` whole numbers in -8...8: products of them sum exactly.
    mutating func integers<Number: BinaryFloatingPoint>(_ count: Int) -> [Number] {
        (0..<count).map { _ in Number(Int(next() >> 33 % 17) - 8) }
    }

    /// `count` numbers in -1..<1 whose sums round.
    mutating func reals<Number: BinaryFloatingPoint>(_ count: Int) -> [Number] {
        (0..<count).map { _ in Number(Double(Int64(bitPattern: next()) >> 11) * 0x1p-52) }
    }
}
