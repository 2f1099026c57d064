import HTTP
package import HTTPTypes

/// Finds the route of a request.
package struct Router: Sendable {
    /// What a method and a path lead to.
    package enum Resolution: Sendable {
        case route(Route)
        /// The path exists; the method is OPTIONS.
        case options(allow: [HTTPRequest.Method])
        case methodNotAllowed(allow: [HTTPRequest.Method])
        case methodNotImplemented
        case notFound
        case malformedPath
    }

    /// The methods that this server knows; others are not implemented anywhere.
    static let knownMethods: [HTTPRequest.Method] =
        [
            .get, .head, .post, .put, .delete, .options, .patch, .trace, .connect,
        ] + [HTTPRequest.Method("QUERY")].compactMap(\.self)

    /// All routes, in the order of the table.
    package let routes: [Route]
    private let tree: RouteTree

    /// Creates a router whose endpoints are wrapped in `middleware`, the first outermost.
    package init(_ routes: [Route], middleware: [Middleware] = []) {
        self.routes = routes.map { $0.wrapped(in: middleware) }
        tree = RouteTree(self.routes)
    }

    /// Returns where a request for `path`, as it was sent, goes; an empty path is the root.
    package func resolve(_ method: HTTPRequest.Method, path: ArraySlice<UInt8>) -> Resolution {
        let found = tree.routes(for: path.span, from: path.isEmpty ? 0 : 1)
        let wanted = method == .head ? .get : method
        if let route = found.first(where: { $0.method == wanted }) { return .route(route) }
        guard Self.knownMethods.contains(method) else { return .methodNotImplemented }
        if path.count == 1, path.first == UInt8(ascii: "*") { return options(on: routes, method: method) }
        guard PercentEncoding.isValid(path.span) else { return .malformedPath }
        return found.isEmpty ? .notFound : options(on: found, method: method)
    }

    private func options(on routes: [Route], method: HTTPRequest.Method) -> Resolution {
        let allow = Self.allowed(on: routes)
        return method == .options ? .options(allow: allow) : .methodNotAllowed(allow: allow)
    }

    /// Returns the methods of `routes` with those that come for free, in the order of `knownMethods`.
    private static func allowed(on routes: [Route]) -> [HTTPRequest.Method] {
        let own = routes.map(\.method)
        return knownMethods.filter { $0 == .options || own.contains($0 == .head ? .get : $0) }
    }
}
