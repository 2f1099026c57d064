import GRPC
import HTTP
import Models
import ModuleAPI
import Serving
import Tensors
import Web

/// Answers as the protocol has it over gRPC: all outputs raw, or all in the list of their datatype.
struct InferMessageForm: InferenceForm {
    /// Whether the inputs came raw; then outputs go so of which the request does not say how.
    let hasRawInputs: Bool
    /// Whether it is one of many answers: then it says that it is the last to its request, and stands in another message.
    var isStreamed = false

    func textElementCount(of result: CallResult, to inference: Inference) -> Int {
        let outputs = inference.outputs
        let isRaw = outputs.wantsBytes ?? hasRawInputs
        return isRaw && !outputs.hasClassification ? 0 : outputs.elementCount(of: result)
    }

    func response(to inference: Inference, _ outputs: [InferOutput], version: Int) throws -> Response {
        let byteCount = outputs.reduce(0) { $0 + $1.byteCount }
        // What no message can hold is not written either.
        guard byteCount <= Int(Int32.max) else {
            throw Problem(
                .answerTooLarge,
                "A message has at most \(Int32.max) bytes, and the outputs have \(byteCount)."
            )
        }
        var writer = MessageEncoder.writer(capacity: byteCount + 256 + 64 * outputs.count)
        let isRaw = inference.outputs.wantsBytes ?? hasRawInputs || outputs.contains(where: \.isHalf)
        if isStreamed {
            writer.message(2) { write(inference, outputs, version, isRaw: isRaw, to: &$0) }
        } else {
            write(inference, outputs, version, isRaw: isRaw, to: &writer)
        }
        return Response(writer)
    }

    /// Writes a `ModelInferResponse`.
    private func write(
        _ inference: Inference,
        _ outputs: [InferOutput],
        _ version: Int,
        isRaw: Bool,
        to writer: inout ProtobufWriter
    ) {
        writer.field(1, inference.model.name)
        writer.field(2, String(version))
        writer.field(3, inference.id ?? "")
        if isStreamed { Self.writeFinal(to: &writer) }
        for output in outputs {
            writer.message(5) { writer in
                writer.field(1, output.name)
                writer.field(2, output.datatype)
                writer.packed(3, output.shape)
                if !isRaw, output.elementCount > 0 { writer.message(5) { output.writeContents(to: &$0) } }
            }
        }
        guard isRaw else { return }
        for output in outputs { output.withBytes { writer.element(6, $0) } }
    }

    /// Writes that this is the last answer to its request, as Triton says it.
    static func writeFinal(to writer: inout ProtobufWriter) {
        writer.message(4) { writer in
            writer.element(1, "triton_final_response")
            writer.message(2) { $0.choice(1, true) }
        }
    }
}

extension InferOutput {
    /// Whether it has no list: it goes raw.
    fileprivate var isHalf: Bool {
        guard case .tensor(let tensor) = content else { return false }
        return tensor.dtype == .float16 || tensor.dtype == .bfloat16
    }

    fileprivate var elementCount: Int {
        switch content {
        case .tensor(let tensor): tensor.elementCount
        case .labels(let labels, _): labels.count
        }
    }

    /// Runs `body` with its bytes as binary tensor data.
    fileprivate func withBytes(_ body: (UnsafeRawBufferPointer) -> Void) {
        if case .tensor(let tensor) = content { return tensor.withUnsafeBytes(body) }
        var bytes: [UInt8] = []
        appendBytes(to: &bytes)
        bytes.withUnsafeBytes(body)
    }

    /// Writes an `InferTensorContents`: the elements, in the list of their datatype.
    fileprivate func writeContents(to writer: inout ProtobufWriter) {
        switch content {
        case .labels(let labels, _): for label in labels { writer.element(8, label) }
        case .tensor(let tensor):
            switch tensor.dtype {
            case .float32: tensor.withUnsafeBytes { writer.packed(6, fixed: $0) }
            case .float64: tensor.withUnsafeBytes { writer.packed(7, fixed: $0) }
            case .bool: write(tensor, as: UInt8.self, 1, to: &writer)
            case .int8: write(tensor, as: Int8.self, 2, to: &writer)
            case .int16: write(tensor, as: Int16.self, 2, to: &writer)
            case .int32: write(tensor, as: Int32.self, 2, to: &writer)
            case .int64: write(tensor, as: Int64.self, 3, to: &writer)
            case .uint8: write(tensor, as: UInt8.self, 4, to: &writer)
            case .uint16: write(tensor, as: UInt16.self, 4, to: &writer)
            case .uint32: write(tensor, as: UInt32.self, 4, to: &writer)
            case .uint64: write(tensor, as: UInt64.self, 5, to: &writer)
            // These go raw, and never come here.
            case .float16, .bfloat16: break
            }
        }
    }

    private func write<Element: FixedWidthInteger>(
        _ tensor: Tensor,
        as type: Element.Type,
        _ number: Int,
        to writer: inout ProtobufWriter
    ) {
        tensor.withUnsafeBytes { bytes in
            let elements = bytes.assumingMemoryBound(to: Element.self)
            // A negative number is ten octets, whatever its width.
            writer.packed(
                number,
                varints: elements.lazy.map { UInt64(truncatingIfNeeded: Int64(truncatingIfNeeded: $0)) }
            )
        }
    }
}
