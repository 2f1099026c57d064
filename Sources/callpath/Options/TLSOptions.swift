import HTTPServer

/// How to serve HTTPS, as users say it.
struct TLSOptions {
    /// A PEM file with the certificate and its chain; plain HTTP if empty.
    var certificateFile = ""
    /// A PEM file with the certificate's key; the certificate's file if empty.
    var keyFile = ""
    /// A file whose first line is the key's pass phrase; none if empty.
    var keyPasswordFile = ""
    /// Whether clients have to show a certificate.
    var clientAuthentication = TLSConfiguration.ClientAuthentication.off
    /// A PEM file with the authorities of clients' certificates.
    var clientAuthoritiesFile = ""

    /// What the server needs to know; `nil` for plain HTTP.
    var configuration: TLSConfiguration? {
        guard !certificateFile.isEmpty else { return nil }
        var configuration = TLSConfiguration(
            certificateChainFile: certificateFile,
            privateKeyFile: keyFile.isEmpty ? certificateFile : keyFile
        )
        configuration.keyPasswordFile = keyPasswordFile.isEmpty ? nil : keyPasswordFile
        configuration.clientAuthentication = clientAuthentication
        configuration.clientAuthoritiesFile = clientAuthoritiesFile.isEmpty ? nil : clientAuthoritiesFile
        return configuration
    }
}

extension TLSConfiguration.ClientAuthentication: OptionValue {
    init?(optionText: String) { self.init(rawValue: optionText) }
    var optionText: String { rawValue }
    static var placeholder: String { allCases.map(\.rawValue).joined(separator: "|") }
}
