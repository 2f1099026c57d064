import Glibc
import HTTPServer

/// Why the server did not start, with the option that can change it.
struct StartFailure: Error, CustomStringConvertible {
    let description: String

    init(_ error: ServerError) {
        description =
            switch error {
            case .unknownHost(let host, let reason): "--host: '\(host)' has no address: \(reason)"
            case .cannotListen(let host, let port, let number):
                "--host, --port: cannot listen on \(host):\(port): \(Self.words(number))"
            case .systemCall(let name, let number): "\(name): \(Self.words(number))"
            case .alreadyStarted: "the server was started before"
            }
    }

    private static func words(_ number: Int32) -> String { String(cString: strerror(number)) }
}
