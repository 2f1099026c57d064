/// The behaviours that the edge is held to, by their ids.
///
/// RFC 9110, 9112, 8259, 9457 and the literature of attacks ask for them. Each is a row of a table or has its id in the
/// name of a test.
package enum Behaviours {
    /// The families of behaviours, and how many each has.
    private static let families: KeyValuePairs = [
        // Request line, version, what is no HTTP/1.1, target, path.
        "RL": 31, "VER": 18, "PRE": 4, "TGT": 10, "PATH": 15,
        // Fields, Host, content and its framing.
        "HDR": 43, "HOST": 17, "POST": 1, "CL": 35, "TE": 41, "CK": 31, "BODY": 8,
        // Connections: their end, pipelining, octets that come in parts, half-close, lingering, Expect, Upgrade.
        "CON": 11, "PIPE": 4, "SPL": 5, "FRAG": 10, "HALF": 3, "LING": 3, "EXP": 8, "UPG": 4,
        // Semantics, entity tags, JSON, content types, codings, errors, credentials.
        "SEM": 26, "ETAG": 6, "JSON": 43, "CT": 5, "GZ": 14, "ERR": 5, "AUTH": 1,
    ]

    /// All ids, such as `CL-21`.
    package static let ids = families.flatMap { family, count in
        (1...count).map { "\(family)-\($0 < 10 ? "0" : "")\($0)" }
    }
}
