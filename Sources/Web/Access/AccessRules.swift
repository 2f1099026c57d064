/// Who may do what, how often, and from which pages.
package struct AccessRules: Sendable {
    /// The keys that are let in; `nil` lets everyone in.
    package var keys: KeyRing?
    /// What whoever shows no key may do where there are keys: nothing if `nil`.
    package var anonymousScope: Scope?
    /// Keeps each client within its limits, whatever it asks.
    private let admission: Admission
    /// The pages whose scripts may read answers.
    package var crossOrigin = CrossOrigin()
    /// The names under which the server may be asked.
    package var hosts = HostRule()

    package init(
        keys: KeyRing? = nil,
        anonymousScope: Scope? = nil,
        limits: AdmissionLimits = AdmissionLimits(),
        crossOrigin: CrossOrigin = CrossOrigin(),
        hosts: HostRule = HostRule()
    ) {
        self.keys = keys
        self.anonymousScope = anonymousScope
        admission = Admission(limits: limits)
        self.crossOrigin = crossOrigin
        self.hosts = hosts
    }

    /// The middleware that decides which requests reach a route: who asks, how often, and whether they may.
    ///
    /// Whoever shows no key that is known counts by address, so that guessing keys is bounded too.
    var guards: [Middleware] {
        let admission = Middleware(admission.wrap)
        guard let keys else { return [admission] }
        let authentication = Authentication(keys: keys, anonymous: anonymousScope)
        return [Middleware(authentication.identify), admission, Middleware(authentication.authorize)]
    }
}
