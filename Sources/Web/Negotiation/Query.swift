package import HTTP
import JSON

/// The parameters behind the `?` of a target, each of which its route must know.
package struct Query {
    private var items: [(name: String, value: String)]

    /// Reads the query of a request, in which those parameters may stand that its route knows, each at most once.
    package init(_ exchange: Exchange) throws(Problem) {
        let known = exchange.route.query ?? []
        guard let items = exchange.request.queryItems() else {
            throw Problem(.malformedTarget, "The percent-encoding of the query is broken.")
        }
        for (index, item) in items.enumerated() {
            guard known.contains(item.name) else {
                throw Problem(
                    .malformedQuery,
                    "This resource takes no parameter '\(item.name)' in its query"
                        + (known.isEmpty ? "." : ", but \(known.joined(separator: ", "))."),
                    expected: .array(known.map { .string($0) }),
                    got: .string(item.name)
                )
            }
            guard items.firstIndex(where: { $0.name == item.name }) == index else {
                throw Problem(.malformedQuery, "'\(item.name)' stands twice in the query.", got: .string(item.name))
            }
        }
        self.items = items.map { ($0.name, $0.value) }
    }

    /// Returns whether a query that nobody checks says plainly that `name` is true.
    package static func isSet(_ name: String, in request: Request) -> Bool {
        request.queryItems()?.filter { $0.name == name }.map(\.value) == ["true"]
    }

    /// Accesses the value of a parameter.
    package subscript(name: String) -> String? {
        items.first { $0.name == name }?.value
    }

    /// Returns a whole number of at least 1 and at most `maximum`.
    package func count(_ name: String, default standard: Int, maximum: Int) throws(Problem) -> Int {
        guard let text = self[name] else { return standard }
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let count = Int(text), (1...maximum).contains(count)
        else {
            throw Problem(
                .malformedQuery,
                "'\(name)' is a whole number from 1 to \(maximum).",
                expected: .string("1..\(maximum)"),
                got: .string(text)
            )
        }
        return count
    }

    /// Returns a flag: `true` or `false`.
    package func flag(_ name: String, default standard: Bool = false) throws(Problem) -> Bool {
        guard let text = self[name] else { return standard }
        guard let flag = Bool(text) else {
            throw Problem(
                .malformedQuery,
                "'\(name)' is true or false.",
                expected: ["true", "false"],
                got: .string(text)
            )
        }
        return flag
    }
}
