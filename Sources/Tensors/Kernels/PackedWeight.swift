internal import CKernels
import Synchronization

/// A weight in the layout that the kernels read, made once and shared by every product with it.
///
/// It takes as many bytes as the weight itself. A product computes `x Wᵀ + bias`, and each row of the result has the
/// same bits whatever rows are computed with it and however many threads take part.
final class PackedWeight: @unchecked Sendable {
    // `memory` is written by whoever makes it, and only read once it is shared, which makes that safe.
    private let memory: UnsafeMutableRawPointer
    /// How the numbers are stored.
    let storage: WeightStorage
    /// The outputs of the product: rows of a PyTorch weight.
    let outputs: Int
    /// The inputs of the product: columns of a PyTorch weight.
    let inputs: Int
    /// Whether the next product begins with the last panels: those that the last one may have left in a cache.
    private let nextFromEnd = Atomic<Bool>(false)

    /// Packs the row-major matrix at `elements`: outputs x inputs, or inputs x outputs if `transposed`.
    ///
    /// Returns `nil` if there is no memory for it.
    init?(
        _ elements: UnsafeRawPointer,
        storage: WeightStorage,
        outputs: Int,
        inputs: Int,
        transposed: Bool = false
    ) {
        guard let memory = Self.allocate(storage, outputs, inputs) else { return nil }
        let weight = callpath_weight(
            elements: elements,
            outputs: outputs,
            inputs: inputs,
            output_stride: transposed ? 1 : inputs,
            input_stride: transposed ? outputs : 1
        )
        callpath_pack(storage.kernelStorage, weight, memory)
        self.memory = memory
        self.storage = storage
        self.outputs = outputs
        self.inputs = inputs
    }

    /// Creates a weight that `packRows` fills before anybody else sees it.
    ///
    /// Returns `nil` if there is no memory for it.
    init?(unfilled storage: WeightStorage, outputs: Int, inputs: Int) {
        guard let memory = Self.allocate(storage, outputs, inputs) else { return nil }
        (self.memory, self.storage, self.outputs, self.inputs) = (memory, storage, outputs, inputs)
        callpath_end_panels(storage.kernelStorage, outputs, inputs, memory)
    }

    private static func allocate(_ storage: WeightStorage, _ outputs: Int, _ inputs: Int) -> UnsafeMutableRawPointer? {
        let bytes = callpath_packed_bytes(storage.kernelStorage, outputs, inputs)
        return bytes > 0 ? callpath_allocate(bytes) : nil
    }

    /// Packs some rows of the row-major matrix at `elements`: whole panels, in any order, also beside each other.
    func packRows(_ rows: Range<Int>, of elements: UnsafeRawPointer) {
        let rowBytes = inputs * storage.elementBytes
        let weight = callpath_weight(
            elements: elements + rows.lowerBound * rowBytes,
            outputs: rows.count,
            inputs: inputs,
            output_stride: inputs,
            input_stride: 1
        )
        callpath_pack_panels(storage.kernelStorage, weight, memory + rows.lowerBound * storage.packedRowBytes(inputs))
    }

    deinit {
        callpath_release(memory)
    }

    /// Writes the product of `rows` rows at `input` to `output`; for every storage but `float64`.
    func multiply(
        _ input: UnsafePointer<Float>,
        rows: Int,
        bias: UnsafePointer<Float>?,
        into output: UnsafeMutablePointer<Float>,
        with plan: ProductPlan = ProductPlan()
    ) {
        let kernels = plan.kernels.table.pointee
        let linear =
            switch storage {
            case .float32: kernels.linear_f32
            case .bfloat16: kernels.linear_bf16
            case .float16: kernels.linear_f16
            case .float64: preconditionFailure("a float64 weight multiplies float64 inputs")
            }
        // Shares read the same input and write to different outputs.
        nonisolated(unsafe) let (input, bias, output) = (input, bias, output)
        forEachShare(of: rows, plan) { linear($0, input, $1, bias, output) }
    }

    /// Writes the product of `rows` rows at `input` to `output`; for `float64` storage.
    func multiply(
        _ input: UnsafePointer<Double>,
        rows: Int,
        bias: UnsafePointer<Double>?,
        into output: UnsafeMutablePointer<Double>,
        with plan: ProductPlan = ProductPlan()
    ) {
        precondition(storage == .float64, "a \(storage) weight multiplies float32 inputs")
        let linear = plan.kernels.table.pointee.linear_f64
        nonisolated(unsafe) let (input, bias, output) = (input, bias, output)
        forEachShare(of: rows, plan) { linear($0, input, $1, bias, output) }
    }

    private func forEachShare(
        of rows: Int,
        _ plan: ProductPlan,
        _ compute: @Sendable (callpath_product, UnsafeRawPointer) -> Void
    ) {
        let panels = (outputs + storage.panelWidth - 1) / storage.panelWidth
        let fromEnd = nextFromEnd.load(ordering: .relaxed)
        nextFromEnd.store(!fromEnd, ordering: .relaxed)
        plan.split(panels: panels, rows: rows, weights: Double(outputs) * Double(inputs), fromEnd: fromEnd) { share in
            let product = callpath_product(
                rows: rows,
                inputs: inputs,
                outputs: outputs,
                out_stride: outputs,
                first_panel: share.lowerBound,
                end_panel: share.upperBound,
                from_end: fromEnd
            )
            compute(product, memory)
        }
    }
}

/// The number formats that a weight can be stored in; halves are widened to `float32` as they are read.
enum WeightStorage: Sendable {
    case float32, float64, bfloat16, float16

    fileprivate var kernelStorage: callpath_storage {
        switch self {
        case .float32: CALLPATH_F32
        case .float64: CALLPATH_F64
        case .bfloat16: CALLPATH_BF16
        case .float16: CALLPATH_F16
        }
    }

    var panelWidth: Int { callpath_panel_width(kernelStorage) }

    fileprivate var elementBytes: Int {
        switch self {
        case .float32: 4
        case .float64: 8
        case .bfloat16, .float16: 2
        }
    }

    /// The bytes of one row among packed ones; two inputs of a `bfloat16` stand together.
    fileprivate func packedRowBytes(_ inputs: Int) -> Int {
        (self == .bfloat16 ? inputs + inputs % 2 : inputs) * elementBytes
    }
}
