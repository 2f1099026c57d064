package import HTTP
import HTTPTypes
package import Metrics
package import Web

/// The methods of all services, beside an interface of routes.
package struct CallInterface: Sendable {
    private let methods: [Method]
    private let options: CallOptions
    private let metrics: CallMetrics
    /// What stands before the methods of each service: `/grpc.health.v1.Health/`.
    private let services: [[UInt8]]

    package init(_ methods: [Method], options: CallOptions, metrics: MetricsRegistry) {
        self.methods = methods
        self.options = options
        self.metrics = CallMetrics(of: methods.map(\.path), in: metrics)
        services = Set(methods.map(\.service)).map { Array("/\($0)/".utf8) }
    }

    /// The methods as rows of an interface.
    package var routes: [Route] {
        methods.map { MethodRunner(method: $0, options: options, metrics: metrics).route }
    }

    /// Whether a request is answered here: one with a message of gRPC whatever its path, and any to the path of a service.
    package func takes(_ request: Request, at path: ArraySlice<UInt8>) -> Bool {
        CallForm.isGRPC(request.fields.onlyOctets(of: .contentType)) && request.method == .post
            || services.contains { path.starts(with: $0) }
    }

    /// Whether the content of a request is read while it comes: its messages are bounded one by one.
    package static func readsContentWhileItComes(_ request: RequestOutline) -> Bool {
        request.method == .post && CallForm.isGRPC(request.fields?.onlyOctets(of: .contentType))
    }

    /// Puts a refusal of the server into the form of a call, if it refuses one.
    package static func refusal(_ refusal: Refusal, of request: RequestOutline) -> Response? {
        readsContentWhileItComes(request) ? Status(refusal).response : nil
    }

    /// Puts a problem into the form that the client expects.
    package func present(_ problem: Problem, _ request: Request) -> Response {
        guard CallForm.isCall(request) else {
            let isElsewhere = problem.code == .notFound && request.method == .post
            return (isElsewhere ? CallForm.refusal(of: request) : problem).response
        }
        guard problem.code == .notFound else { return Status(problem).response }
        return Status(CallFailure.unknownMethod(request.path)).response
    }

    /// Returns a handler that counts how calls end; streams count themselves.
    package func counting(_ handler: @escaping Handler) -> Handler {
        { request in
            switch handler(request) {
            case .now(let response):
                count(response, to: request)
                return .now(response)
            case .waiting(let work):
                return .later {
                    let response = await work.response
                    count(response, to: request)
                    return response
                }
            }
        }
    }

    private func count(_ response: Response, to request: Request) {
        guard let status = response.trailers?[.grpcStatus].flatMap({ Int($0) }).flatMap(StatusCode.init(rawValue:))
        else {
            return
        }
        metrics.count(request.pathOctets, status: status)
    }
}
