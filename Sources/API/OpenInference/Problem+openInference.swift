import HTTP
import HTTPTypes
import JSON

extension HTTPField.Name {
    /// How many bytes of a body are JSON; the rest are tensors.
    static let inferenceHeaderContentLength = constant("Inference-Header-Content-Length")
}

extension Problem {
    /// The problem as a response in the form that the request's path is answered in.
    func response(to request: Request) -> Response {
        request.pathOctets.starts(with: "/v2".utf8) ? openInferenceResponse : response
    }

    init(_ error: InferenceError) {
        self.init(.invalidCall, error.message)
    }

    /// The problem as the Open Inference Protocol says it: `{"error": ...}`.
    ///
    /// The media type has no parameter: kserve's client shows the text only then.
    var openInferenceResponse: Response {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("error", detail)
        writer.endObject()
        var answer = fields
        answer[.contentType] = "application/json"
        answer[.cacheControl] = "no-store"
        answer[.xContentTypeOptions] = "nosniff"
        return Response(status: .init(code: openInferenceStatus), fields: answer, body: .bytes(writer.finish()))
    }

    /// The protocol has one status for all that is wrong with a request.
    private var openInferenceStatus: Int {
        switch code.status {
        case 406, 409, 412, 422: 400
        case let status: status
        }
    }
}
