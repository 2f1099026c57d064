import JSON
import Models
import ModuleAPI
import Serving
import Tensors
import Web

/// Writes what the protocol says about a model.
struct ModelWriter {
    let model: ModuleOutline
    /// The most rows of one call; 0 for a module without a batch axis.
    let maximumBatch: Int

    init(model: ModuleOutline, registry: Registry) {
        self.model = model
        maximumBatch = model.hasBatchAxis ? registry.options.maxBatchRows : 0
    }

    /// What kind of model it is.
    var platform: String { "callpath_\(model.typeName.lowercased())" }

    /// Returns the sizes that the configuration has for a tensor: with a batch size, it leaves the batch axis out.
    func dims(of tensor: TensorSignature) -> ArraySlice<Int> {
        maximumBatch > 0 ? tensor.shape.dropFirst() : tensor.shape[...]
    }

    /// Writes the members of the model's metadata.
    func writeMetadata(versions: [Int], to writer: inout JSONWriter) {
        writer.member("name", model.name)
        writer.key("versions")
        writer.beginArray()
        for version in versions { writer.write(String(version)) }
        writer.endArray()
        writer.member("platform", platform)
        writeTensors(model.inputs, under: "inputs", to: &writer)
        writeTensors(model.outputs, under: "outputs", to: &writer)
    }

    private func writeTensors(_ tensors: [TensorSignature], under key: String, to writer: inout JSONWriter) {
        writer.key(key)
        writer.beginArray()
        for tensor in tensors {
            writer.beginObject()
            writer.member("name", tensor.name)
            writer.member("datatype", InferenceDatatype(tensor.dtype ?? .float32).rawValue)
            write(tensor.shape, under: "shape", to: &writer)
            writer.endObject()
        }
        writer.endArray()
    }

    /// Writes the members of the model's configuration, as Triton's clients read it.
    func writeConfiguration(to writer: inout JSONWriter) {
        writer.member("name", model.name)
        writer.member("platform", platform)
        writer.member("backend", "callpath")
        writer.member("max_batch_size", maximumBatch)
        writeConfiguration(of: model.inputs, under: "input", to: &writer)
        writeConfiguration(of: model.outputs, under: "output", to: &writer)
        if maximumBatch > 0 {
            writer.key("dynamic_batching")
            writer.beginObject()
            writer.endObject()
        }
    }

    private func writeConfiguration(
        of tensors: [TensorSignature],
        under key: String,
        to writer: inout JSONWriter
    ) {
        writer.key(key)
        writer.beginArray()
        for tensor in tensors {
            writer.beginObject()
            writer.member("name", tensor.name)
            writer.member("data_type", InferenceDatatype(tensor.dtype ?? .float32).configurationName)
            write(dims(of: tensor), under: "dims", to: &writer)
            writer.endObject()
        }
        writer.endArray()
    }

    private func write(_ sizes: some Sequence<Int>, under key: String, to writer: inout JSONWriter) {
        writer.key(key)
        writer.beginArray()
        for size in sizes { writer.write(size) }
        writer.endArray()
    }
}
