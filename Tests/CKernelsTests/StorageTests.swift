import CKernels
import Testing

struct StorageTests {
    @Test(arguments: Kernels.available)
    func widensEveryFloat16(kernels: Kernels) {
        let halves = (0...UInt16.max).map(Float16.init(bitPattern:))
        let packed = PackedMatrix(halves, CALLPATH_F16, outputs: halves.count, inputs: 1)
        for (half, widened) in zip(halves, kernels.linear([1], packed)) {
            #expect(widened == Float(half) || (widened.isNaN && half.isNaN))
        }
    }

    @Test(arguments: Kernels.available)
    func widensEveryBFloat16(kernels: Kernels) {
        let halves = Array(0...UInt16.max)
        let packed = PackedMatrix(halves, CALLPATH_BF16, outputs: halves.count, inputs: 1)
        for (half, widened) in zip(halves, kernels.linear([1], packed)) {
            let float = Float(bitPattern: UInt32(half) << 16)
            #expect(widened == float || (widened.isNaN && float.isNaN))
        }
    }

    // The lanes beside the last output read the next input's weights, and an odd bfloat16 row has half a pair too many.
    @Test(arguments: Kernels.available, [CALLPATH_F32, CALLPATH_BF16, CALLPATH_F16])
    func keepsInfinityAndNaNInTheirOutputs(kernels: Kernels, storage: callpath_storage) {
        let weight: [Float] = [1, 2, 3, .infinity, 0, 0, .nan, 1, 1]
        let packed =
            switch storage {
            case CALLPATH_BF16:
                PackedMatrix(weight.map { UInt16($0.bitPattern >> 16) }, storage, outputs: 3, inputs: 3)
            case CALLPATH_F16: PackedMatrix(weight.map(Float16.init), storage, outputs: 3, inputs: 3)
            default: PackedMatrix(weight, storage, outputs: 3, inputs: 3)
            }
        let finite = kernels.linear([1, 1, 1], packed)
        #expect(finite[0] == 6 && finite[1] == .infinity && finite[2].isNaN)
        let infinite = kernels.linear([1, 1, .infinity], packed)
        #expect(infinite[0] == .infinity && infinite[1].isNaN && infinite[2].isNaN)
    }

    @Test(arguments: [
        (CALLPATH_F32, 3, 5, 3 * 5 * 4 + 64), (CALLPATH_F64, 3, 5, 3 * 5 * 8 + 64),
        (CALLPATH_F16, 3, 5, 3 * 5 * 2 + 64), (CALLPATH_BF16, 3, 5, 3 * 6 * 2 + 64),
        (CALLPATH_F32, 1 << 31, 1 << 31, 0), (CALLPATH_F64, Int.max, 1, 0), (CALLPATH_BF16, 1, -1, 0),
    ])
    func countsPackedBytes(storage: callpath_storage, outputs: Int, inputs: Int, bytes: Int) {
        #expect(callpath_packed_bytes(storage, outputs, inputs) == bytes)
    }

    @Test func alignsLargeWeightsToHugePages() {
        let memory = callpath_allocate(16 << 20)
        #expect(memory.map { Int(bitPattern: $0) % (2 << 20) } == 0)
        callpath_release(memory)
    }

    @Test func offersTheBaselineLast() {
        #expect(Kernels.available.last.map { $0.description == "baseline" || $0.description == "neon" } == true)
        #expect(callpath_kernels_at(Kernels.available.count) == nil)
    }
}
