/// Who is on the other side of a connection.
package final class Client: Sendable {
    /// The address, as text.
    package let address: String
    /// Whether the connection is encrypted.
    package let isSecure: Bool
    /// The name in the certificate that the client proved to own, if it proved one.
    package let name: String?

    package init(address: String, isSecure: Bool = false, name: String? = nil) {
        self.address = address
        self.isSecure = isSecure
        self.name = name
    }
}
