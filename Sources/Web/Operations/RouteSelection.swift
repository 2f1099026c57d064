/// Which routes a port offers.
package enum RouteSelection: Sendable {
    case all
    /// What those who watch the server ask, and nothing else.
    case operations
    /// All but the metrics, for a server that has a port for operations.
    case allButMetrics

    private static let operationsPaths: Set = ["/", "/livez", "/readyz", "/metrics", "/version"]

    func includes(_ route: Route) -> Bool {
        switch self {
        case .all: true
        case .operations: Self.operationsPaths.contains(route.template.description)
        case .allButMetrics: route.template.description != "/metrics"
        }
    }
}
