/// Variables whose names begin like ours and that nothing reads: most likely typing errors.
enum UnknownVariables {
    /// Those that other commands read, or scripts and the Python package.
    private static let others = ["CALLPATH_CONFIG", "CALLPATH_URL", "CALLPATH_KEY", "CALLPATH_BINARY"]

    /// Returns their names, sorted.
    static func names(in environment: [String: String]) -> [String] {
        let known = Set(OptionTable.options.map(\.variable) + others)
        return environment.filter { name, value in
            name.hasPrefix("CALLPATH_") && !known.contains(name) && !isServiceLink(name, value)
        }
        .keys.sorted()
    }

    /// Returns what to tell of one.
    static func warning(_ name: String) -> String {
        "\(name) is set, and no option has that name.\(NearestWord.hint(name, in: OptionTable.options.map(\.variable)))"
    }

    /// Returns whether Kubernetes sets a variable for a Service whose name begins with callpath.
    private static func isServiceLink(_ name: String, _ value: String) -> Bool {
        let isAddress = ["tcp://", "udp://", "sctp://"].contains { value.hasPrefix($0) }
        return isAddress || name.hasPrefix("CALLPATH_SERVICE_") || name.hasPrefix("CALLPATH_PORT_")
            || name.contains("_SERVICE_HOST") || name.contains("_SERVICE_PORT")
            || ["_TCP_", "_UDP_", "_SCTP_"].contains { name.contains("_PORT_") && "\(name)_".contains($0) }
    }
}
