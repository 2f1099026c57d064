/// The variables that Vertex AI sets for its containers, as options of ours.
enum PlatformVariables {
    private static let names = [
        "AIP_HTTP_PORT": "port", "AIP_STORAGE_URI": "models", "AIP_HEALTH_ROUTE": "vertex-health-route",
        "AIP_PREDICT_ROUTE": "vertex-predict-route",
    ]

    /// Returns the options that the platform gives; our own variables win over them.
    static func values(in environment: [String: String]) -> [(option: ServeOption, text: String, source: String)] {
        names.compactMap { variable, name in
            guard let text = environment[variable], !text.isEmpty,
                let option = OptionTable.options.first(where: { $0.name == name })
            else { return nil }
            return (option, text, variable)
        }
    }
}
