package import HTTP
import HTTPTypes
import JSON
import Models
import ModuleAPI
package import Web

extension HTTPField.Name {
    /// How many bytes of a body are JSON; the rest are tensors.
    static let inferenceHeaderContentLength = constant("Inference-Header-Content-Length")
}

extension InferenceAPI {
    /// How a server says no without asking this interface, in the form that the path is answered in.
    package static func refusalForm(behind pathPrefix: PathPrefix) -> RefusalForm {
        { refusal, path in
            guard OpenInferenceResource.contains(pathPrefix.removed(from: path)) else { return refusal.problem }
            return refusal.response(OpenInferenceResource.error(refusal.detail), as: "application/json")
        }
    }
}

extension Problem {
    /// The problem as a response in the form that the request's path is answered in.
    func response(to request: Request) -> Response {
        OpenInferenceResource.contains(request.pathOctets) ? openInferenceResponse : response
    }

    /// The problem as the Open Inference Protocol says it.
    var openInferenceResponse: Response {
        var answer = fields
        answer[.contentType] = "application/json"
        answer[.cacheControl] = "no-store"
        answer[.xContentTypeOptions] = "nosniff"
        answer.isPlain = true
        return Response(
            status: .init(code: openInferenceStatus),
            fields: answer,
            body: .bytes(OpenInferenceResource.error(detail, code: isBeforeTheProtocol ? code : nil))
        )
    }

    /// Whether the request was refused for where it comes from or goes to, whatever it asks.
    private var isBeforeTheProtocol: Bool { code == .crossOrigin || code == .misdirectedRequest }

    /// The protocol has one status for all that is wrong with a request.
    private var openInferenceStatus: Int {
        switch code.status {
        case 406, 409, 412, 422: 400
        case let status: status
        }
    }
}

extension OpenInferenceResource {
    /// Returns whether `path`, as it was sent, is `/v2` or one below it.
    static func contains(_ path: ArraySlice<UInt8>) -> Bool {
        guard path.first == UInt8(ascii: "/") else { return false }
        let segment = path.dropFirst().prefix { $0 != UInt8(ascii: "/") }
        return PercentEncoding.decodedOctets(segment)?.elementsEqual("v2".utf8) ?? false
    }

    /// Returns what all errors of the protocol are: `{"error": ...}`.
    ///
    /// Its media type has no parameter: kserve's client shows the text only then. The protocol knows no `code`; one
    /// stands there only where a request was refused before the protocol had a say.
    static func error(_ text: String, code: ProblemCode? = nil) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("error", text)
        if let code { writer.member("code", code.rawValue) }
        writer.endObject()
        return writer.finish()
    }
}

extension InferenceError: ProblemConvertible {
    var problem: Problem { Problem(.invalidCall, message) }
}
