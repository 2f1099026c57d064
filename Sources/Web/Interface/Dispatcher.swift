import HTTP
import HTTPTypes
import JSON

/// Answers requests: those that a route takes, and those that none does, all of them through the same middleware.
struct Dispatcher: Sendable {
    private let router: Router
    /// Stands for all requests without a route, so that middleware sees them too.
    private let unmatched: Route
    /// Stands for requests that ask what a probe's path takes, as HAProxy does to see whether a server is there.
    private let probed: Route

    /// Makes the response of what neither route nor middleware has answered.
    private let refuse: @Sendable (any Error, Exchange) -> Response

    init(_ routes: [Route], middleware: [Middleware], present: @escaping Interface.Presentation) {
        let router = Router(routes, middleware: middleware)
        self.router = router
        refuse = { error, exchange in present(Problem(error), exchange.request) }
        (unmatched, probed) = (Self.other(router, middleware), Self.other(router, middleware, isProbe: true))
    }

    private static func other(_ router: Router, _ middleware: [Middleware], isProbe: Bool = false) -> Route {
        Route(
            .get,
            "unmatched",
            "unmatched",
            scope: .open,
            query: nil,
            isProbe: isProbe,
            statuses: [204, 404],
            reply: { exchange in .now(try refuse(exchange.request, router)) }
        ).wrapped(in: middleware)
    }

    func answer(_ request: Request) -> Reply<Never> {
        let exchange = exchange(for: request)
        return Reply.recovering(exchange, exchange.route.endpoint, refuse)
    }

    private func exchange(for request: Request) -> Exchange {
        let context = RequestContext(request)
        let route: Route =
            switch router.resolve(request.method, path: request.pathOctets) {
            case .route(let route): route
            case .options where isProbe(request.pathOctets): probed
            default: unmatched
            }
        return Exchange(request: request, route: route, context: context)
    }

    /// Whether a GET of `path` would be a probe; `*` is the server itself.
    private func isProbe(_ path: ArraySlice<UInt8>) -> Bool {
        guard case .route(let route) = router.resolve(.get, path: path) else { return path.elementsEqual("*".utf8) }
        return route.isProbe
    }

    /// Says why no route takes a request, or what its path takes.
    private static func refuse(_ request: Request, _ router: Router) throws(Problem) -> Response {
        switch router.resolve(request.method, path: request.pathOctets) {
        case .options(let allow): return Response(status: .noContent, fields: [.allow: list(allow)])
        case .methodNotAllowed(let allow):
            throw Problem(
                .methodNotAllowed,
                "\(request.method.rawValue) is not allowed here.",
                expected: .array(allow.map { .string($0.rawValue) }),
                got: .string(request.method.rawValue),
                fields: [.allow: list(allow)]
            )
        case .methodNotImplemented: throw Problem(.methodNotImplemented, "This server implements no such method.")
        case .malformedPath: throw Problem(.malformedTarget, "The percent-encoding of the path is broken.")
        case .notFound, .route: throw Problem(.notFound, "There is nothing at this path; see /openapi.yaml.")
        }
    }

    private static func list(_ methods: [HTTPRequest.Method]) -> String {
        methods.map(\.rawValue).joined(separator: ", ")
    }
}
