import GRPC
import Models
import Serving
import Tensors

extension ModelWriter {
    /// Writes a `ModelMetadataResponse`.
    func writeMetadata(versions: [Int], to writer: inout ProtobufWriter) {
        writer.field(1, model.name)
        for version in versions { writer.element(2, String(version)) }
        writer.field(3, platform)
        write(model.inputs, as: 4, to: &writer)
        write(model.outputs, as: 5, to: &writer)
    }

    private func write(_ tensors: [TensorSignature], as number: Int, to writer: inout ProtobufWriter) {
        for tensor in tensors {
            writer.message(number) { writer in
                writer.field(1, tensor.name)
                writer.field(2, InferenceDatatype(tensor.dtype ?? .float32).rawValue)
                writer.packed(3, tensor.shape)
            }
        }
    }

    /// Writes a `ModelConfig`.
    func writeConfiguration(to writer: inout ProtobufWriter) {
        writer.field(1, model.name)
        writer.field(2, platform)
        writer.field(4, maximumBatch)
        for input in model.inputs { writer.message(5) { write(input, dimsAs: 4, to: &$0) } }
        for output in model.outputs { writer.message(6) { write(output, dimsAs: 3, to: &$0) } }
        if maximumBatch > 0 { writer.message(11) { _ in } }
        writer.field(17, "callpath")
    }

    private func write(_ tensor: TensorSignature, dimsAs number: Int, to writer: inout ProtobufWriter) {
        writer.field(1, tensor.name)
        writer.field(2, InferenceDatatype(tensor.dtype ?? .float32).configurationNumber)
        writer.packed(number, Array(dims(of: tensor)))
    }
}

extension InferenceDatatype {
    /// The number in a model configuration: `DataType`.
    fileprivate var configurationNumber: Int {
        switch self {
        case .bool: 1
        case .uint8: 2
        case .uint16: 3
        case .uint32: 4
        case .uint64: 5
        case .int8: 6
        case .int16: 7
        case .int32: 8
        case .int64: 9
        case .float16: 10
        case .float32: 11
        case .float64: 12
        case .bfloat16: 14
        }
    }
}

extension VersionStatistics {
    /// Writes a `ModelStatistics`.
    func write(to writer: inout ProtobufWriter) {
        writer.field(1, name)
        writer.field(2, String(version))
        writer.field(3, calls.lastInferenceMilliseconds)
        writer.field(4, calls.inferenceCount)
        writer.field(5, calls.executionCount)
        writer.message(6) { writer in
            let tallies = [
                calls.success, calls.failure, calls.queue, calls.input, calls.compute, calls.output,
            ]
            for (index, tally) in tallies.enumerated() { tally.write(as: index + 1, to: &writer) }
            // There is no cache of answers: no hit, no miss.
            for number in [7, 8] { writer.message(number) { _ in } }
        }
        for (size, batch) in calls.batches.sorted(by: { $0.key < $1.key }) {
            writer.message(7) { writer in
                writer.field(1, size)
                batch.input.write(as: 2, to: &writer)
                batch.compute.write(as: 3, to: &writer)
                batch.output.write(as: 4, to: &writer)
            }
        }
        writer.message(8) { writer in
            writer.field(1, "CPU")
            writer.field(3, byteCount)
        }
    }
}

extension CallStatistics.Tally {
    /// Writes a `StatisticDuration`.
    fileprivate func write(as number: Int, to writer: inout ProtobufWriter) {
        writer.message(number) { writer in
            writer.field(1, count)
            writer.field(2, nanoseconds)
        }
    }
}
