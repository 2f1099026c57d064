/// Who may do what, how often, and from which pages.
package struct AccessRules: Sendable {
    /// The keys that are let in; `nil` lets everyone in.
    package var keys: KeyRing?
    /// What one client may ask.
    package var limits = AdmissionLimits()
    /// The pages whose scripts may read answers.
    package var crossOrigin = CrossOrigin()

    package init(
        keys: KeyRing? = nil,
        limits: AdmissionLimits = AdmissionLimits(),
        crossOrigin: CrossOrigin = CrossOrigin()
    ) {
        self.keys = keys
        self.limits = limits
        self.crossOrigin = crossOrigin
    }

    /// The layers that decide which requests reach a route: who asks, how often, and whether they may.
    ///
    /// Whoever shows no key that is known counts by address, so that guessing keys is bounded too.
    var guards: [Layer] {
        let admission = Layer(Admission(limits: limits).layer)
        guard let authentication = keys.map(Authentication.init) else { return [admission] }
        return [Layer(authentication.identify), admission, Layer(authentication.authorize)]
    }
}
