/// What must hold for a change to happen; tested inside the same swap that makes it.
package enum Precondition: Sendable, Equatable {
    /// Nothing.
    case always
    /// The module exists (`If-Match: *`).
    case exists
    /// The module does not exist (`If-None-Match: *`).
    case absent
    /// The module is at one of these versions (`If-Match`).
    case version([Int])
    /// The module is at none of these versions (`If-None-Match`).
    case noneOf([Int])

    /// Refuses a change of module `name`, which is at version `current`, or `nil` when it does not exist.
    package func check(_ name: String, current: Int?) throws(ServingError) {
        switch (self, current) {
        case (.always, _), (.absent, nil), (.noneOf, nil), (.exists, .some): return
        case (.exists, nil), (.version, nil): throw .unknownModule(name)
        case (.absent, let current?): throw .mustNotExist(name, current: current)
        case (.version(let expected), let current?):
            guard expected.contains(current) else {
                throw .staleVersion(module: name, expected: expected, current: current)
            }
        case (.noneOf(let excluded), let current?):
            guard !excluded.contains(current) else { throw .versionExcluded(module: name, current: current) }
        }
    }
}
