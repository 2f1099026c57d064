import HTTPTypes
import Models
import Web

extension HTTPField.Name {
    /// The version of the module that answered.
    static let moduleVersion = constant("Callpath-Module-Version")
    /// The registry's tag and its count of changes with the one that is answered.
    static let revision = constant("Callpath-Revision")
    /// The revisions that a client has seen.
    static let minimumRevision = constant("Callpath-Minimum-Revision")
    /// Who answered, of those that share a registry.
    static let replica = constant("Callpath-Replica")
    /// The seconds for which who answered has not seen the shared registry.
    static let stale = constant("Callpath-Stale")
    /// The sizes of a tensor's axes, outermost first; empty for a scalar.
    static let tensorShape = constant("Tensor-Shape")
    /// The name of a tensor's dtype.
    static let tensorDtype = constant("Tensor-Dtype")
}
