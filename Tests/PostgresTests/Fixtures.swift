import OrderedCollections
import Tensors

@testable import Models
@testable import Serving

extension NodeDescription {
    static func linear(_ inFeatures: Int, _ outFeatures: Int) -> NodeDescription {
        let arguments: OrderedDictionary<String, ArgumentValue> = [
            "in_features": .int(Int64(inFeatures)), "out_features": .int(Int64(outFeatures)),
        ]
        return .layer(LayerDescription(type: "Linear", arguments: arguments))
    }

    static func references(_ names: String...) -> NodeDescription {
        .layer(LayerDescription(type: "Sequential", children: names.map { ChildDescription(node: .ref($0)) }))
    }
}

extension Registry {
    /// Creates a module by name.
    @discardableResult
    func add(_ name: String, _ root: NodeDescription, seed: UInt64 = 0) async throws -> ModuleVersion {
        try await create(ModuleDescription(name: name, root: root, seed: seed))
    }

    /// Sets a bias whose numbers are all the same.
    @discardableResult
    func setBias(
        of name: String,
        to value: Float,
        count: Int = 2,
        when precondition: Precondition = .always
    ) async throws -> ModuleVersion {
        let tensor = try Tensor([Float](repeating: value, count: count))
        return try await setParameter("bias", of: name, to: tensor, when: precondition)
    }

    /// Returns the current version of `name`.
    func moduleVersion(_ name: String) throws -> ModuleVersion {
        guard let moduleVersion = try moduleIfLoaded(name) else { throw ServingError.unknownModule(name) }
        return moduleVersion
    }

    /// Returns the callable versions of `name`.
    func moduleVersions(of name: String) throws -> [ModuleVersion] {
        try versions(of: name).compactMap { try moduleIfLoaded(name, version: $0) }
    }

    /// Returns the modules whose names begin with `prefix`.
    func modules(prefix: String = "") -> [ModuleVersion] {
        entries(prefix: prefix).entries.compactMap { try? moduleVersion($0.name) }
    }

    /// Calls the current version of `name`.
    func call(_ name: String, _ input: [Float]) async throws -> [Float] {
        let request = CallRequest(inputs: [try Tensor(input)])
        return try await call(try moduleVersion(name), request).outputs.first?.scalars(as: Float.self) ?? []
    }

    /// Returns when all that `other` has acknowledged can be seen here.
    func catchUp(with other: Registry) async throws {
        try await wait(forRevisions: [other.facts.revision], atMost: .seconds(20))
    }

    /// All that a client can see of modules, as text.
    var everything: [String] {
        get throws {
            try modules().flatMap { current in
                try moduleVersions(of: current.name).map { each in
                    let tensors = each.stateDict.map { "\($0.key): \($0.value.text())" }
                    let hooks = each.installedHooks.map { "\($0.id) \($0.description.kind) \($0.description.module)" }
                    let references = each.references.map { "\($0.key)@\($0.value.version)" }.sorted()
                    return
                        "\(each.name)@\(each.version) r\(each.revision) \(each.repr) \(tensors) \(hooks) \(references)"
                }
            } + globalHooks.map { "global \($0.id) \($0.description.kind)" }
        }
    }
}

/// Returns as soon as `isSo`; where that takes a minute, fails with what was waited for.
func until(_ what: String, isSo: () async throws -> Bool) async throws {
    let end = ContinuousClock.now + .seconds(60)
    while try await !isSo() {
        guard .now < end else { throw NeverCame(description: "waited in vain for \(what)") }
        try await Task.sleep(for: .milliseconds(1))
    }
}

struct NeverCame: Error, CustomStringConvertible {
    let description: String
}

/// Returns what `body` throws as a `ServingError`, or `nil`.
func servingError(_ body: () async throws -> Void) async -> ServingError? {
    do {
        try await body()
        return nil
    } catch { return error as? ServingError }
}
