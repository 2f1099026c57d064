import HTTP
import HTTPTypes
import Serving
import Web

/// What requests and answers say of the revisions of a registry that may be served by many.
struct Replicas: Sendable {
    let api: API

    private var registry: Registry { api.registry }

    /// Whether a route is about modules or hooks.
    private static func isAboutModules(_ route: Route) -> Bool {
        let path = route.template.description
        return ["/v1/modules", "/v1/hooks", "/v2/models", "/v2/repository"].contains(where: path.hasPrefix)
            || isMethod(route) && route.scope != .open
    }

    /// Whether a route is a method of gRPC: all are POST, whether they change something or not.
    private static func isMethod(_ route: Route) -> Bool {
        route.template.description.hasPrefix("/inference.")
    }

    private static let calls: Set = ["callModule", "traceModule", "backwardModule"]

    /// Returns `route` so that it waits for what its client has seen.
    func awaiting(_ route: Route) -> Route {
        guard Self.isAboutModules(route) else { return route }
        return route.wrapped(in: [Middleware(wrap)])
    }

    private func wrap(_ route: Route, _ next: @escaping Endpoint) -> Endpoint {
        let isCall = Self.calls.contains(route.operation)
        let plain: Endpoint = { exchange in
            let fields = exchange.request.fields
            let isConditional = isCall && fields.contains(.ifMatch)
            guard fields.contains(.minimumRevision) || isConditional else { return try next(exchange) }
            let text = fields[.minimumRevision]
            let revisions = try text.map { try MinimumRevision($0, of: registry.tag).numbers } ?? []
            if registry.hasApplied(revisions), !isConditional { return try next(exchange) }
            return .later {
                try await registry.wait(forRevisions: revisions, atMost: api.options.syncWait)
                if isConditional { try await waitForVersion(exchange) }
                return try await next(exchange).response
            }
        }
        guard registry.isShared else { return plain }
        let isChange = route.method != .get && !isCall && !(Self.isMethod(route) && route.scope == .infer)
        return { exchange in
            guard registry.isLoaded else {
                throw Problem(
                    .notReady,
                    "The registry's database was not reached yet.",
                    fields: [.retryAfter: "1"]
                )
            }
            guard isChange else { return try showingRevision(exchange, plain(exchange)) }
            return .later { try await change(exchange, plain) }
        }
    }

    /// Makes a change, and if it is refused looks whether that is so only here: others may have made or removed what it is about.
    private func change(_ exchange: Exchange, _ next: Endpoint) async throws -> Response {
        let before = registry.revision
        do {
            return try await next(exchange).response
        } catch {
            guard [404, 409, 412, 422].contains(Problem(error).code.status), exchange.request.stream == nil else {
                throw error
            }
            await registry.freshen()
            guard registry.revision != before else { throw error }
            return try await next(exchange).response
        }
    }

    /// Waits until a module is at the version that `If-Match` of a call names, and refuses the call if it is beyond.
    private func waitForVersion(_ exchange: Exchange) async throws {
        let name = exchange.parameter("name")
        guard case .list(let tags)? = Preconditions(exchange.request.fields).ifMatch else { return }
        let versions = tags.filter { !$0.isWeak }.compactMap(api.tags.version)
        try await registry.wait(forVersions: versions, of: name, atMost: api.options.syncWait)
        try Precondition.version(versions).check(name, current: registry.shown(name)?.version)
    }

    // MARK: Answers

    /// Adds the revision of the version that a read or call shows; that of a later one if it was replaced meanwhile.
    private func showingRevision(_ exchange: Exchange, _ reply: Reply<any Error>) -> Reply<any Error> {
        let name = exchange.parameter("name")
        guard !name.isEmpty else { return reply }
        return reply.map(exchange) { [before = registry.shown(name)?.revision] response, _ in
            adding(before, name, to: response)
        }
    }

    private func adding(_ before: Int?, _ name: String, to response: Response) -> Response {
        guard (200..<300).contains(response.status.code), !response.fields.contains(.revision),
            let revision = registry.shown(name)?.revision ?? before
        else { return response }
        var response = response
        api.note(revision: revision, in: &response.fields)
        return response
    }

    /// The middleware that says of each answer who gave it, and how old what it shows may be; `nil` for a registry of one.
    var signing: Middleware? {
        guard registry.isShared else { return nil }
        return Middleware { [api] route, next in
            let isAboutModules = Self.isAboutModules(route)
            let sign = { @Sendable (response: Response) in
                var response = response
                response.fields[.replica] = api.options.replica
                let stale = isAboutModules ? api.registry.staleSeconds : 0
                if stale > 0 { response.fields[.stale] = String(stale) }
                return response
            }
            return { exchange in try next(exchange).map(exchange) { response, _ in sign(response) } }
        }
    }
}
