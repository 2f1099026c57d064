import Glibc
import HTTPServer
import Postgres
import Store

/// Why the server did not start, with the option that can change it.
struct StartFailure: Error, CustomStringConvertible {
    let description: String

    /// Creates a failure over what an option names.
    init(_ option: String, _ words: String) {
        description = "\(option): \(words)"
    }

    init(_ error: ServerError) { self.init(error, host: "--host", port: "--port") }

    /// Creates what is wrong with the listener that the options `host` and `port` are for.
    private init(_ error: ServerError, host option: String, port portOption: String) {
        description =
            switch error {
            case .secondPort(let error): Self(error, host: option, port: "--grpc-port").description
            case .operationsPort(let error):
                Self(error, host: "--operations-host", port: "--operations-port").description
            case .unknownHost(let host, let reason): "\(option): '\(host)' has no address: \(reason)"
            case .cannotListen(let host, let port, let number):
                "\(option), \(portOption): cannot listen on \(host):\(port): \(Self.words(number))"
            case .pathTooLong(let path, let limit):
                "--unix-socket: expected a path of 1 to \(limit) bytes, got '\(path)'"
            case .notASocket(let path): "--unix-socket: '\(path)' is not a socket; it stays as it is"
            case .socketInUse(let path): "--unix-socket: another process serves '\(path)'"
            case .cannotListenAtPath(let path, let number):
                "--unix-socket: cannot listen at '\(path)': \(Self.words(number))"
            case .systemCall(let name, let number): "\(name): \(Self.words(number))"
            case .alreadyStarted: "the server was started before"
            }
    }

    init(_ error: TLSError) {
        description =
            switch error {
            case .badCertificate(let file, let reason): "--tls-certificate: cannot use '\(file)': \(reason)"
            case .badPrivateKey(let file, let reason): "--tls-key: cannot use '\(file)': \(reason)"
            case .badClientAuthorities(let file, let reason): "--tls-client-ca: cannot use '\(file)': \(reason)"
            case .badPassPhrase(let file, let reason): "--tls-key-password-file: cannot use '\(file)': \(reason)"
            case .missingPassPhrase(let key):
                "--tls-key: '\(key)' needs a pass phrase: name a file that holds it with --tls-key-password-file"
            case .wrongPassPhrase(let key, let file):
                "--tls-key-password-file: the pass phrase in '\(file)' does not open the key in '\(key)'"
            case .keyDoesNotMatch(let certificate, let key):
                "--tls-certificate, --tls-key: '\(key)' is not the key of the certificate in '\(certificate)'"
            case .missingClientAuthorities: "--tls-client-auth: needs --tls-client-ca"
            case .openSSL(let reason): "TLS: \(reason)"
            }
    }

    init(_ error: PostgresError) {
        description =
            switch error.fault {
            case .noLibrary:
                "--store: needs libpq.so.5, which Debian has in its package libpq5: \(error.message)"
            default: "--store: \(error.message)"
            }
    }

    init(_ error: StoreError) { self.init("--data", error.message) }

    private static func words(_ number: Int32) -> String { String(cString: strerror(number)) }
}
