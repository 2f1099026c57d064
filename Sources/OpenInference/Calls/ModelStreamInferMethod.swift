import GRPC
import HTTP
import HTTPTypes
import JSON
import Models
import ModuleAPI
import Serving
import Web

/// `ModelStreamInfer`: as many requests as the client likes, answered in their order.
struct ModelStreamInferMethod: Sendable {
    /// Requests under way; beyond them no more are read, and the window closes.
    private static let width = 16
    /// Octets of the requests under way, as far as they are several.
    private static let maxByteCount = 8 << 20

    let api: InferenceAPI

    func answer(_ call: Call, _ messages: MessageSource, _ sink: MessageSink) async throws {
        let answers = OrderedWork<ProtobufWriter>(width: Self.width, maxByteCount: Self.maxByteCount)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                do {
                    try await read(messages, call, into: answers)
                } catch {
                    // What went before is answered first.
                    answers.append(byteCount: 0) { throw error }
                }
                answers.finish()
            }
            group.addTask {
                while let answer = try await answers.next() { try await sink.send(answer) }
            }
            defer {
                answers.cancel()
                group.cancelAll()
            }
            while try await group.next() != nil {}
        }
    }

    private func read(
        _ messages: MessageSource,
        _ call: Call,
        into answers: OrderedWork<ProtobufWriter>
    ) async throws {
        var (messages, isFirst) = (messages, true)
        while await answers.hasRoom(), let message = try await messages.next() {
            // The first was counted with the call.
            if !isFirst { try call.exchange.context.countAnother() }
            isFirst = false
            answers.append(byteCount: message.count) { try await answer(message, call) }
        }
    }

    /// Returns the answer to one request: what is wrong with it too, unless the client wants that to end the stream.
    private func answer(_ bytes: MessageBytes, _ call: Call) async throws -> ProtobufWriter {
        var request = ModelInferRequest()
        do {
            request = try bytes.read()
            let method = ModelInferMethod(api: api)
            let isLong = bytes.count >= LongWork.byteCount
            let reply = try await LongWork.run(if: isLong, for: call.exchange.request.client) { [request] in
                try method.answer(request, in: bytes.octets, call, arrival: .now, isStreamed: true)
            }
            guard case .bytes(let message) = try await reply.response.body else { return MessageEncoder.writer() }
            return ProtobufWriter(adopting: message)
        } catch {
            guard !call.isLate, !(error is CancellationError), !endsAtErrors(call) else { throw error }
            return Self.failure(Status(error), of: request)
        }
    }

    private func endsAtErrors(_ call: Call) -> Bool {
        call.exchange.request.fields[.tritonGRPCError] == "true"
    }

    /// Returns a `ModelStreamInferResponse` that says what is wrong.
    private static func failure(_ status: Status, of request: ModelInferRequest) -> ProtobufWriter {
        var writer = MessageEncoder.writer()
        writer.field(1, status.message)
        writer.message(2) { writer in
            writer.field(1, request.modelName)
            writer.field(3, request.id)
            InferMessageForm.writeFinal(to: &writer)
        }
        return writer
    }
}

extension HTTPField.Name {
    /// Whether a failed request ends its stream.
    fileprivate static let tritonGRPCError = constant("triton_grpc_error")
}
