import Testing

@testable import Postgres

/// What `--store` may say, and what is shown of it.
@Suite(.enabled(if: Cluster.isInstalled))
struct AddressTests {
    @Test(arguments: [
        ("postgresql://db/registry", "db/registry"),
        ("postgresql://user:secret@db:5433/registry?sslmode=require&password=secret", "db:5433/registry"),
        ("postgres://u:p%40ss@one,two:5433/registry", "one,two:5433/registry"),
        ("postgresql:///registry?host=/run/postgresql&password=secret", "/registry"),
    ])
    func neverShowsAPassword(text: String, shown: String) throws {
        let address = try DatabaseAddress(text)
        #expect("\(address)" == shown)
    }

    @Test(arguments: [
        "", "db", "mysql://db/registry", "postgresql://u:secret@[db/registry",
        "postgresql://u:secret@db/registry?nothing=secret", "postgresql://u:sec%zzret@db/registry",
    ])
    func refusesWhatCannotBeRead(text: String) {
        #expect { try DatabaseAddress(text) } throws: { error in
            let error = error as? PostgresError
            return error?.fault == .badAddress && error?.message.contains("sec") == false
        }
    }
}
