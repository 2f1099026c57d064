import HTTP
import HTTPServer
import ModuleAPI
import Web

/// An option that does nothing, or less than its user thinks, without another: refused rather than ignored.
struct IncompleteOption: Error, CustomStringConvertible {
    let option: String
    let needed: String

    var description: String { "\(option): needs \(needed)" }
}

extension Configuration {
    private struct Need {
        let option: String
        let isGiven: Bool
        let needed: String
        let isMet: Bool
    }

    private var needs: [Need] {
        let hasCertificate = !tls.certificateFile.isEmpty
        let hasAuthorities = !tls.clientAuthoritiesFile.isEmpty
        let asksClients = tls.clientAuthentication != .off
        return [
            Need(
                option: "--port-file",
                isGiven: !portFile.isEmpty,
                needed: "--host or --port beside --unix-socket",
                isMet: wantsPort
            ),
            Need(
                option: "--unix-socket-mode",
                isGiven: unixSocketMode != Configuration().unixSocketMode,
                needed: "--unix-socket",
                isMet: !unixSocket.isEmpty
            ),
            Need(
                option: "--grpc-port",
                isGiven: grpcPort.port != nil,
                needed: "--http2 on",
                isMet: server.speaksHTTP2
            ),
            Need(
                option: "--grpc-port",
                isGiven: grpcPort.port != nil,
                needed: "--host or --port beside --unix-socket",
                isMet: wantsPort
            ),
            Need(
                option: "--operations-host",
                isGiven: !operationsHosts.hosts.isEmpty,
                needed: "--operations-port",
                isMet: operationsPort.port != nil
            ),
            Need(
                option: "--operations-port-file",
                isGiven: !operationsPortFile.isEmpty,
                needed: "--operations-port",
                isMet: operationsPort.port != nil
            ),
            Need(
                option: "--forwarded-field",
                isGiven: forwardedField != .xForwardedFor,
                needed: "--trusted-proxies",
                isMet: !trustedProxies.optionText.isEmpty
            ),
            Need(
                option: "--tls-key",
                isGiven: !tls.keyFile.isEmpty,
                needed: "--tls-certificate",
                isMet: hasCertificate
            ),
            Need(
                option: "--tls-key-password-file",
                isGiven: !tls.keyPasswordFile.isEmpty,
                needed: "--tls-certificate",
                isMet: hasCertificate
            ),
            Need(option: "--tls-client-auth", isGiven: asksClients, needed: "--tls-certificate", isMet: hasCertificate),
            Need(option: "--tls-client-auth", isGiven: asksClients, needed: "--tls-client-ca", isMet: hasAuthorities),
            Need(
                option: "--tls-client-ca",
                isGiven: hasAuthorities,
                needed: "--tls-client-auth optional or required",
                isMet: asksClients
            ),
            Need(
                option: "--anonymous-scope",
                isGiven: anonymousScope != .none,
                needed: "--keys",
                isMet: !keysFile.isEmpty
            ),
            Need(
                option: "--max-data-bytes",
                isGiven: maxDataBytes.bytes != 0,
                needed: "--data",
                isMet: !dataFolder.isEmpty
            ),
            Need(
                option: "--ready-needs-store",
                isGiven: readyNeedsStore,
                needed: "--data or --store",
                isMet: !dataFolder.isEmpty || !storeURL.isEmpty
            ),
            Need(
                option: "--replica",
                isGiven: !api.replica.isEmpty,
                needed: "--store",
                isMet: !storeURL.isEmpty
            ),
            Need(
                option: "--rate-burst",
                isGiven: admission.burst != nil,
                needed: "--rate-limit",
                isMet: admission.requestsPerSecond != nil
            ),
        ]
    }

    /// Refuses options that cannot do what they say.
    func checkNeeds() throws(IncompleteOption) {
        guard let need = needs.first(where: { $0.isGiven && !$0.isMet }) else { return }
        throw IncompleteOption(option: need.option, needed: need.needed)
    }
}
