package import HTTP
package import Web

extension API {
    /// The rows of the interface of modules, in the order of `openapi.yaml`.
    package var routes: [Route] {
        ModulesResource(api: self).routes + ParametersResource(api: self).routes + SummaryResource(api: self).routes
            + StateDictResource(api: self).routes + CallsResource(api: self).routes + HooksResource(api: self).routes
            + GlobalHooksResource(api: self).routes + EventsResource(api: self).routes + StoreResource(api: self).routes
            + BackupResource(api: self).routes
            + operations.routes
    }

    private var operations: OperationsResource {
        OperationsResource(
            readiness: readiness,
            metrics: metrics,
            pathPrefix: options.pathPrefix,
            showsConsole: options.showsConsole,
            hasOperationsPort: options.hasOperationsPort
        )
    }

    /// Returns the handler that a server runs for `routes`; `rules` decide which requests reach one.
    package func handler(_ routes: [Route], rules: AccessRules = AccessRules()) -> Handler {
        interface(of: routes) { problem, _ in problem.response }.handler(rules: rules)
    }

    /// Returns the interface that has `routes`.
    package func interface(of routes: [Route], present: @escaping Interface.Presentation) -> Interface {
        let replicas = Replicas(api: self)
        return Interface(
            routes: routes.map(replicas.awaiting),
            signing: replicas.signing,
            present: present,
            maxDecodedBodyBytes: options.maxDecodedBodyBytes,
            pathPrefix: options.pathPrefix,
            metrics: metrics,
            accessLog: accessLog,
            logger: logger
        )
    }

    /// Returns the interface that has the methods of gRPC as routes, watched and limited with those of `interface`.
    package func interface(
        ofMethods routes: [Route],
        beside interface: Interface,
        present: @escaping Interface.Presentation
    ) -> Interface {
        interface.beside(routes.map(Replicas(api: self).awaiting), present: present)
    }
}
