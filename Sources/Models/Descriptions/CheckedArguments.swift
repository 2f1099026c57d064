package import NN
package import OrderedCollections
package import Tensors

/// Arguments that fit their class: known names, right types, defaults filled in, in PyTorch's order.
package struct CheckedArguments: Sendable {
    /// As the class takes them.
    let given: ModuleArguments

    /// Checks `given` against what the constructor of `type` takes.
    package init(_ given: OrderedDictionary<String, ArgumentValue>, for type: ModuleType) throws(DescriptionProblem) {
        do throws(ArgumentProblem) {
            self.given = try ModuleArguments(given.mapValues(\.value), for: type)
        } catch {
            guard case .type(_, let name, _, _) = error.fault, given[name]?.isTooBig == true else {
                throw DescriptionProblem(error)
            }
            throw Self.overflow(of: name)
        }
        if let name = given.first(where: { $0.value.isTooBig })?.key { throw Self.overflow(of: name) }
    }

    private static func overflow(of name: String) -> DescriptionProblem {
        DescriptionProblem(.refused("Overflow when unpacking long long"), at: [name])
    }

    /// As a client reads them.
    package var values: OrderedDictionary<String, ArgumentValue> { given.values.mapValues(ArgumentValue.init) }
}

extension ModuleType {
    /// Makes a module, without children.
    package func make(
        _ arguments: CheckedArguments,
        _ dtype: DType,
        _ generator: Generator?
    ) throws -> Module {
        do {
            return try make(arguments.given, dtype, generator)
        } catch let problem as ArgumentProblem {
            throw DescriptionProblem(problem)
        }
    }
}
