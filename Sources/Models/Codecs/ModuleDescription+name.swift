import JSON

extension ModuleDescription {
    /// Returns this description under the name that a path gives it.
    ///
    /// - Throws: A problem if it names another module itself.
    package func named(_ name: String) throws(DocumentProblem) -> ModuleDescription {
        guard self.name == nil || self.name == name else {
            throw DocumentProblem(
                .invalidField,
                "The description names another module than the path.",
                expected: .string(name),
                got: self.name.map { .string($0) },
                pointer: "/name"
            )
        }
        var description = self
        description.name = name
        return description
    }
}
