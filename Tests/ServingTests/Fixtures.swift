import OrderedCollections
import Tensors

@testable import Models
@testable import Serving

extension NodeDescription {
    static func linear(
        _ inFeatures: Int,
        _ outFeatures: Int,
        bias: Bool = true,
        dtype: DType? = nil
    ) -> NodeDescription {
        let arguments: OrderedDictionary<String, ArgumentValue> = [
            "in_features": .int(Int64(inFeatures)), "out_features": .int(Int64(outFeatures)), "bias": .bool(bias),
        ]
        return .layer(LayerDescription(type: "Linear", arguments: arguments, dtype: dtype))
    }

    static func layer(_ type: String, _ arguments: OrderedDictionary<String, ArgumentValue> = [:]) -> NodeDescription {
        .layer(LayerDescription(type: type, arguments: arguments))
    }

    static func sequential(_ nodes: NodeDescription...) -> NodeDescription {
        .layer(LayerDescription(type: "Sequential", children: nodes.map { ChildDescription(node: $0) }))
    }
}

extension Registry {
    /// Creates a module by name, with tensors when there are any.
    @discardableResult
    func add(
        _ name: String,
        _ root: NodeDescription,
        training: Bool = false,
        _ state: OrderedDictionary<String, Tensor>? = nil
    ) async throws -> ModuleVersion {
        try await create(ModuleDescription(name: name, root: root, seed: 0, training: training, stateDict: state))
    }

    /// Returns the current version of `name`, which is in memory.
    func moduleVersion(_ name: String) throws -> ModuleVersion {
        guard let moduleVersion = try moduleIfLoaded(name) else { throw ServingError.notInMemory(name, reason: "cold") }
        return moduleVersion
    }

    /// Returns a version of `name`, which is in memory.
    func moduleVersion(_ name: String, version: Int) throws -> ModuleVersion {
        guard let moduleVersion = try moduleIfLoaded(name, version: version) else {
            throw ServingError.notInMemory(name, reason: "cold")
        }
        return moduleVersion
    }

    /// Calls the current version of `name`.
    func call(_ name: String, _ input: [Float], hooks: [HookDescription] = []) async throws -> [Float] {
        let request = CallRequest(inputs: [try Tensor(input)], hooks: hooks)
        return try await call(try await module(name), request).output.scalars(as: Float.self)
    }
}

extension CallResult {
    /// What a module gives that gives one tensor.
    var output: Tensor {
        guard let output = outputs.first else { preconditionFailure("the module gave no tensor") }
        return output
    }
}

/// A matrix from its rows.
func matrix(_ rows: [[Float]]) throws -> Tensor {
    try Tensor(rows.flatMap(\.self), shape: Shape(checking: [rows.count, rows.first?.count ?? 0]))
}

/// Weight [[1, 2], [3, 4]] and bias [0.5, -0.5]: [1, 1] becomes [3.5, 6.5].
func smallState(prefix: String = "") throws -> OrderedDictionary<String, Tensor> {
    ["\(prefix)weight": try matrix([[1, 2], [3, 4]]), "\(prefix)bias": try Tensor([0.5, -0.5] as [Float])]
}

/// Returns what `body` throws as a `ServingError`, out of a hook too, or `nil`.
func servingError(_ body: () async throws -> Void) async -> ServingError? {
    do {
        try await body()
        return nil
    } catch {
        let failure = error as? HookFailure
        return (failure?.underlying ?? error) as? ServingError
    }
}

/// Returns the text of what is wrong with the description of `node`, or `nil`.
func problem(with node: NodeDescription, limits: ServingLimits = ServingLimits()) -> (text: String, pointer: [String])?
{
    var checker = DescriptionChecker(limits: limits.descriptions)
    do throws(DescriptionProblem) {
        let layer = try checker.check(root: node)
        var builder = TreeBuilder(seed: 0, isTraining: false)
        _ = try builder.build(layer)
        return nil
    } catch {
        return (error.message, error.pointer)
    }
}
