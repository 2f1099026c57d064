/// Who may do what, and how often.
package struct AccessRules: Sendable {
    /// The keys that are let in; `nil` lets everyone in.
    package var keys: KeyRing?
    /// What one client may ask.
    package var limits = AdmissionLimits()

    package init(keys: KeyRing? = nil, limits: AdmissionLimits = AdmissionLimits()) {
        self.keys = keys
        self.limits = limits
    }

    /// The layers that decide which requests reach a route: who asks comes before how often.
    package var guards: [Layer] {
        [keys.map { Layer(Authentication(keys: $0).layer) }, Layer(Admission(limits: limits).layer)].compactMap(\.self)
    }
}
