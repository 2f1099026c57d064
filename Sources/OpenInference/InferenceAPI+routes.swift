package import HTTP
import ModuleAPI
package import Web

extension InferenceAPI {
    /// The rows of the protocol and of the clouds.
    package var routes: [Route] {
        let cloud = CloudResource(api: self)
        let routes = protocolRoutes.map(\.ignoringQuery) + cloud.routes
        return routes + cloud.vertexRoutes(beside: api.routes + routes)
    }

    /// The rows of the Open Inference Protocol, whose clients let their users add any query, for gateways on the way.
    private var protocolRoutes: [Route] {
        OpenInferenceResource(api: self).routes + InferResource(api: self).routes
            + StatisticsResource(api: self).routes + RepositoryResource(api: self).routes
    }

    /// Returns the handler that a server runs for these rows, those of modules and `others`; `rules` decide which requests
    /// reach one.
    package func handler(_ others: [Route] = [], rules: AccessRules = AccessRules()) -> Handler {
        interface(others).handler(rules: rules)
    }

    /// These rows, those of modules and `others`.
    package func interface(_ others: [Route] = []) -> Interface {
        api.interface(of: api.routes + routes + others) { problem, request in problem.response(to: request) }
    }
}
