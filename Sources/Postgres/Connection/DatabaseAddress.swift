import CPostgres

/// Where the database is and who asks, as `--store` says it.
///
/// It may hold a password, so nothing prints it; `description` is what may be seen.
package struct DatabaseAddress: Sendable, CustomStringConvertible {
    private let text: String
    /// What each of several hosts is called to libpq; nothing where there is one, or libpq has to find out by itself.
    private let hosts: [[(keyword: String, value: String)]]

    /// Creates the address of a database.
    ///
    /// - Throws: `PostgresError` if libpq is missing, or cannot read it.
    package init(_ text: String) throws(PostgresError) {
        self.text = text
        guard text.hasPrefix("postgresql://") || text.hasPrefix("postgres://") else {
            throw PostgresError(.badAddress, "expected postgresql://USER@HOST:PORT/DATABASE")
        }
        try Connection.openLibrary()
        guard let options = callpath_PQconninfoParse(text, nil) else {
            // libpq's own words quote parts of it.
            throw PostgresError(
                .badAddress,
                "expected postgresql://USER@HOST:PORT/DATABASE?OPTION=VALUE, got what libpq cannot read"
            )
        }
        hosts = Self.hosts(in: options)
        callpath_PQconninfoFree(options)
    }

    /// How many hosts are tried one after another.
    var hostCount: Int { max(1, hosts.count) }

    /// Takes lists of hosts and ports apart.
    private static func hosts(
        in options: UnsafeMutablePointer<PQconninfoOption>
    ) -> [[(keyword: String, value: String)]] {
        var lists: [String: [String]] = [:]
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val {
                let parts = String(cString: value).split(separator: ",", omittingEmptySubsequences: false)
                lists[String(cString: keyword)] = parts.map(String.init)
            }
            option += 1
        }
        let names = ["host", "hostaddr"].compactMap { keyword in lists[keyword].map { (keyword, $0) } }
        let count = names.first?.1.count ?? 1
        let ports = lists["port"] ?? [""]
        // What does not fit together libpq refuses in its own words, and an empty name is its own default.
        guard count > 1, names.allSatisfy({ $0.1.count == count && !$0.1.contains("") }),
            ports.count == 1 || ports.count == count
        else { return [] }
        return (0..<count).map { index in
            let port = ports[ports.count == 1 ? 0 : index]
            return names.map { (keyword: $0.0, value: $0.1[index]) }
                + [(keyword: "port", value: port.isEmpty ? "5432" : port)]
        }
    }

    /// The hosts and the database, without user, password and options.
    package var description: String {
        let rest = text.drop { $0 != "/" }.dropFirst(2)
        let place = rest.prefix { $0 != "?" }
        return String(place.split(separator: "@", omittingEmptySubsequences: false).last ?? "")
    }

    /// What is said to libpq where the address says nothing: writes go to whichever host takes them, and a peer that is gone
    /// is noticed.
    private static let defaults = [
        ("application_name", "callpath"), ("target_session_attrs", "read-write"), ("connect_timeout", "2"),
        ("tcp_user_timeout", "5000"), ("keepalives_idle", "5"), ("keepalives_interval", "2"), ("keepalives_count", "3"),
        ("client_encoding", "UTF8"),
    ]

    /// Connects to a host by its number, or has tried to; `nil` if there is no memory.
    func connect(toHost number: Int) -> OpaquePointer? {
        let host = hosts.indices.contains(number) ? hosts[number].map { ($0.keyword, $0.value) } : []
        // What stands last wins, and the address is spread out where it stands.
        let pairs = Self.defaults + [("dbname", text)] + host
        let keywords = CStrings(pairs.map(\.0))
        let values = CStrings(pairs.map(\.1))
        return callpath_PQconnectdbParams(keywords.pointers, values.pointers, 1)
    }
}

/// Strings for C, with a null behind the last one.
private final class CStrings {
    let pointers: [UnsafePointer<CChar>?]

    init(_ strings: [String]) {
        pointers =
            strings.map { string in
                let bytes = string.utf8CString
                let copy = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count)
                for (index, byte) in bytes.enumerated() { copy[index] = byte }
                return UnsafePointer(copy)
            } + [nil]
    }

    deinit {
        for case let pointer? in pointers { pointer.deallocate() }
    }
}
