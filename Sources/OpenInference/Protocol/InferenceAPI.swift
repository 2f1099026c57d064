package import JSON
package import ModuleAPI
import Serving
import Web

/// What the resources of the Open Inference Protocol and of the clouds stand on.
package struct InferenceAPI: Sendable {
    /// What users may choose of the protocol.
    package struct Options: Sendable {
        /// What becomes of NaN and infinity in a JSON answer of the Open Inference Protocol: refused by default.
        package var nonFinite = NonFinitePolicy.refuse
        /// The module that `/invocations` calls if a request names none; `nil` for the only one.
        package var defaultModel: String?
        /// Another path for `/ping`, as Vertex AI asks for.
        package var vertexHealthRoute: String?
        /// Another path for `/invocations`, as Vertex AI asks for.
        package var vertexPredictRoute: String?

        package init() {}
    }

    /// What it shares with the interface of modules.
    package let api: API
    /// What users chose.
    package let options: Options

    package init(api: API, options: Options = Options()) {
        self.api = api
        self.options = options
    }

    /// The modules.
    var registry: Registry { api.registry }
    /// The models that can be loaded by name.
    var repository: ModelRepository { api.repository }
}
