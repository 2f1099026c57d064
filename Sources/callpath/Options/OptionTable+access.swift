extension OptionTable {
    /// Who may do what, how often, and over what.
    static let access: [ServeOption] = [
        ServeOption("keys", "file of access keys; anyone may do anything without one", \.keysFile),
        ServeOption("anonymous-scope", "what whoever shows no key may do where there are keys", \.anonymousScope),
        ServeOption("rate-limit", "requests a second of one client; 0 is no limit", \.admission.rate, .rate),
        ServeOption(
            "rate-burst",
            "requests of one client at once before the rate counts; 0 is twice the rate",
            \.admission.burstSize,
            .rate
        ),
        ServeOption(
            "concurrency-limit",
            "requests of one client under way; 0 is no limit",
            \.admission.concurrency,
            .atLeast(0)
        ),
        ServeOption("rate-share", "replicas that share these limits of a client", \.rateShare, .atLeast(1)),
        ServeOption(
            "trusted-proxies",
            "addresses and networks, and unix, whose word on who their client is counts",
            \.trustedProxies
        ),
        ServeOption("forwarded-field", "field in which they say it", \.forwardedField),
        ServeOption("cors-origins", "origins whose scripts may read answers, and whose pages may ask", \.origins),
        ServeOption("allowed-hosts", "names under which the server may be asked; * for all", \.allowedHosts),
        ServeOption(
            "tls-certificate",
            "PEM file of the certificate and its chain; plain HTTP without one",
            \.tls.certificateFile
        ),
        ServeOption("tls-key", "PEM file of the key; the certificate's file if not given", \.tls.keyFile),
        ServeOption("tls-key-password-file", "file whose first line is the key's pass phrase", \.tls.keyPasswordFile),
        ServeOption("tls-client-auth", "whether clients show a certificate", \.tls.clientAuthentication),
        ServeOption(
            "tls-client-ca",
            "PEM file of the authorities of clients' certificates",
            \.tls.clientAuthoritiesFile
        ),
    ]
}

extension ServeOption.Rule<Double> {
    /// A rate that a clock can measure, or none.
    fileprivate static let rate = Self(words: "0, or 0.001 to 1000000000") { $0 == 0 || (0.001...1e9).contains($0) }
}
