/// How a server proves who it is, and whom it lets in.
package struct TLSConfiguration: Sendable, Equatable {
    /// Whether clients have to show a certificate.
    package enum ClientAuthentication: String, Sendable, CaseIterable {
        case off, optional, required
    }

    /// A PEM file with the server's certificate first and the rest of its chain behind.
    package var certificateChainFile: String
    /// A PEM file with the private key of that certificate.
    package var privateKeyFile: String
    /// A file whose first line opens that key; nil for a key that is not encrypted.
    package var keyPasswordFile: String?
    /// Whether clients have to show a certificate.
    package var clientAuthentication = ClientAuthentication.off
    /// A PEM file with the authorities that sign clients' certificates; the system's are never used.
    package var clientAuthoritiesFile: String?
    /// Whether HTTP/2 is offered, before HTTP/1.1.
    var offersHTTP2 = true

    /// Creates a configuration that authenticates no client.
    package init(certificateChainFile: String, privateKeyFile: String) {
        self.certificateChainFile = certificateChainFile
        self.privateKeyFile = privateKeyFile
    }
}

/// A reason why TLS cannot be set up.
package enum TLSError: Error, Equatable {
    /// The file cannot be read, or is not what it should be; the reason is OpenSSL's.
    case badCertificate(file: String, reason: String)
    case badPrivateKey(file: String, reason: String)
    case badClientAuthorities(file: String, reason: String)
    case badPassPhrase(file: String, reason: String)
    /// The key is encrypted, and no pass phrase is given.
    case missingPassPhrase(key: String)
    /// The key is encrypted, and the pass phrase in `file` does not open it.
    case wrongPassPhrase(key: String, file: String)
    /// Certificate and key are both good, but not for each other.
    case keyDoesNotMatch(certificate: String, key: String)
    /// Clients are to be authenticated, but no authorities are named.
    case missingClientAuthorities
    case openSSL(reason: String)
}
