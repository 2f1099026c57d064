/// What PostgreSQL or the way to it refuses, as facts.
package struct PostgresError: Error, Equatable {
    /// What went wrong.
    package enum Fault: Sendable, Equatable {
        /// The library that speaks to PostgreSQL is not on this machine.
        case noLibrary
        /// The connection string cannot be read.
        case badAddress
        /// There is no connection, or there is none any more: nobody knows what became of a statement.
        case disconnected
        /// The time was over; the connection was closed for it.
        case timedOut
        /// The tables are of a newer version of this program.
        case newerSchema(Int)
        /// The server refused a statement, with the code that SQL has for the reason.
        case refused(SQLState)
    }

    package let fault: Fault
    /// PostgreSQL's own words, which hold no password.
    package let message: String

    init(_ fault: Fault, _ message: String) {
        self.fault = fault
        self.message = message.split(separator: "\n").map { $0.trimmingPrefix(while: \.isWhitespace) }
            .joined(separator: "; ")
    }

    /// The code for the reason, if the server gave one.
    var state: SQLState? {
        guard case .refused(let state) = fault else { return nil }
        return state
    }

    /// Whether nobody knows what became of the statement.
    var isLost: Bool { fault == .disconnected || fault == .timedOut }

    /// Whether the connection is of no use any more, and another one may be.
    var isBroken: Bool { fault == .disconnected || state?.isGoing == true }
}

/// The code that SQL has for the reason of a refusal.
package struct SQLState: Sendable, Hashable {
    package let code: String

    init(_ code: String) {
        self.code = code
    }

    /// A row refers to one that is not there.
    static let foreignKeyViolation = SQLState("23503")
    /// There is such a row already.
    static let uniqueViolation = SQLState("23505")
    /// The disk has no room.
    static let diskFull = SQLState("53100")
    /// A table is missing.
    static let undefinedTable = SQLState("42P01")
    /// The schema of tables is missing.
    static let undefinedSchema = SQLState("3F000")
    /// The server takes no changes: a standby, or one that is told to.
    static let readOnly = SQLState("25006")
    /// Raised by `callpath.apply`: somebody else was faster.
    static let conflict = SQLState("CP001")

    /// Whether trying again from the start may work: deadlocks and the like.
    var isRetriable: Bool { code.hasPrefix("40") || code == "55P03" }

    /// Whether the server is about to end or is beginning: as good as no connection.
    var isGoing: Bool { code.hasPrefix("57P") || code.hasPrefix("08") || code == "53300" }
}
