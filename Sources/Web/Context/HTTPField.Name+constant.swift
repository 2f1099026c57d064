package import HTTPTypes

extension HTTPField.Name {
    /// Whom a request is for; a field like any other here.
    static let requestHost = constant("Host")

    /// Returns a name that is part of the program and known to be a token.
    package static func constant(_ name: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(name) else { preconditionFailure("\(name) is no field name") }
        return name
    }
}
