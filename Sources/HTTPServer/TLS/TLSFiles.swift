/// What stood in a server's certificate, key and other files at one moment.
struct TLSFiles: Equatable, Sendable {
    let chain: [UInt8]
    let key: [UInt8]
    /// What opens the key; nil if no file is named for it.
    let passPhrase: [UInt8]?
    /// The authorities of clients' certificates; nil if clients are not asked for one.
    let authorities: [UInt8]?

    /// Reads the files that `configuration` names.
    init(_ configuration: TLSConfiguration) throws(TLSError) {
        chain = try Self.read(configuration.certificateChainFile) { .badCertificate(file: $0, reason: $1) }
        key = try Self.read(configuration.privateKeyFile) { .badPrivateKey(file: $0, reason: $1) }
        passPhrase = try configuration.keyPasswordFile.map(Self.passPhrase)
        guard configuration.clientAuthentication != .off else {
            authorities = nil
            return
        }
        guard let file = configuration.clientAuthoritiesFile else { throw .missingClientAuthorities }
        authorities = try Self.read(file) { .badClientAuthorities(file: $0, reason: $1) }
    }

    private static func read(
        _ file: String,
        _ failure: (_ file: String, _ reason: String) -> TLSError
    ) throws(TLSError) -> [UInt8] {
        do {
            return try NamedFile.read(file)
        } catch {
            throw failure(file, error.reason)
        }
    }

    /// Returns the first line of a file, without its end.
    private static func passPhrase(in file: String) throws(TLSError) -> [UInt8] {
        let octets = try read(file) { .badPassPhrase(file: $0, reason: $1) }
        var line = octets.prefix { $0 != UInt8(ascii: "\n") }
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        guard !line.isEmpty else { throw .badPassPhrase(file: file, reason: "Its first line is empty") }
        guard line.count <= PassPhrase.limit else {
            throw .badPassPhrase(file: file, reason: "Its first line has more than \(PassPhrase.limit) bytes")
        }
        return Array(line)
    }
}
