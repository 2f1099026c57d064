package import GRPC
package import HTTP
import ModuleAPI
package import Web

extension InferenceAPI {
    /// Returns a handler that takes calls of gRPC, and leaves all other requests to `others`.
    ///
    /// - Parameters:
    ///   - routes: The interface that the others are for; calls are watched with its requests.
    ///   - rules: Who may call what, as for the routes.
    package func serving(
        _ options: CallOptions,
        health: Health,
        beside routes: Interface,
        rules: AccessRules,
        _ others: @escaping Handler
    ) -> Handler {
        let methods = InferenceService(api: self).methods + health.methods + Reflection.methods
        let calls = CallInterface(methods, options: options, metrics: api.metrics)
        let interface = api.interface(ofMethods: calls.routes, beside: routes, present: calls.present)
        let handler = calls.counting(interface.handler(rules: rules))
        return { [pathPrefix = api.options.pathPrefix] request in
            calls.takes(request, at: pathPrefix.removed(from: request.pathOctets)) ? handler(request) : others(request)
        }
    }
}
