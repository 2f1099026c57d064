import HTTPTypes
import Models
import Web

extension HTTPField.Name {
    /// The version of the module that answered.
    static let moduleVersion = constant("Callpath-Module-Version")
    /// The registry's tag and its count of changes with the one that is answered.
    static let revision = constant("Callpath-Revision")
    /// The sizes of a tensor's axes, outermost first; empty for a scalar.
    static let tensorShape = constant("Tensor-Shape")
    /// The name of a tensor's dtype.
    static let tensorDtype = constant("Tensor-Dtype")
}
