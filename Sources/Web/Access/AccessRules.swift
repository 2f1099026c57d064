/// Who may do what, how often, and from which pages.
package struct AccessRules: Sendable {
    /// The keys that are let in; `nil` lets everyone in.
    package var keys: KeyRing?
    /// What whoever shows no key may do where there are keys: nothing if `nil`.
    package var anonymousScope: Scope?
    /// What one client may ask.
    package var limits = AdmissionLimits()
    /// The pages whose scripts may read answers.
    package var crossOrigin = CrossOrigin()

    package init(
        keys: KeyRing? = nil,
        anonymousScope: Scope? = nil,
        limits: AdmissionLimits = AdmissionLimits(),
        crossOrigin: CrossOrigin = CrossOrigin()
    ) {
        self.keys = keys
        self.anonymousScope = anonymousScope
        self.limits = limits
        self.crossOrigin = crossOrigin
    }

    /// The layers that decide which requests reach a route: who asks, how often, and whether they may.
    ///
    /// Whoever shows no key that is known counts by address, so that guessing keys is bounded too.
    var guards: [Layer] {
        let admission = Layer(Admission(limits: limits).layer)
        guard let keys else { return [admission] }
        let authentication = Authentication(keys: keys, anonymous: anonymousScope)
        return [Layer(authentication.identify), admission, Layer(authentication.authorize)]
    }
}
