package import NN
import Tensors

/// Stands for a registered module while a tree is built; the registry puts the module itself in its place.
package final class Reference: Module {
    package let name: String

    init(to name: String) {
        self.name = name
    }

    package override var isStandIn: Bool { true }

    package override func emptyCopy() throws -> Module { Reference(to: name) }
}

/// Makes the modules that a checked description describes.
struct TreeBuilder {
    let generator: Generator
    let isTraining: Bool
    /// The stand-ins for registered modules, one for each name.
    private(set) var references: [String: Reference] = [:]
    /// The modules that are built, by their paths.
    private var built: [String: Module] = [:]

    init(seed: UInt64?, isTraining: Bool) {
        self.init(seed.map { Generator(seed: $0) } ?? Generator(), isTraining: isTraining)
    }

    /// Creates a builder whose modules draw from `generator`.
    init(_ generator: Generator, isTraining: Bool) {
        self.generator = generator
        self.isTraining = isTraining
    }

    /// Returns the tree, in its mode; what references bring keeps its own.
    mutating func build(_ layer: CheckedLayer) throws(DescriptionProblem) -> Module {
        try build(layer, at: [], path: "").train(isTraining)
    }

    private mutating func build(
        _ layer: CheckedLayer,
        at pointer: [String],
        path: String
    ) throws(DescriptionProblem) -> Module {
        if let graph = layer.graph { return try build(graph, of: layer, at: pointer, path: path) }
        let module = try Self.locating(pointer) {
            try Warnings.handled(by: { _ in }) {
                try layer.make(with: generator)
            }
        }
        var first: Module?
        for child in layer.children {
            let place = layer.areCopies ? pointer : pointer + ["modules", child.place]
            let inner: Module
            if layer.areCopies, let first {
                inner = try Self.locating(place) { try first.copied() }
            } else {
                inner = try self.module(for: child, at: place, path: path)
            }
            first = first ?? inner
            _ = try Self.locating(place) { try module.registerChild(child.key, inner) }
        }
        return module
    }

    private mutating func build(
        _ description: GraphDescription,
        of layer: CheckedLayer,
        at pointer: [String],
        path: String
    ) throws(DescriptionProblem) -> Module {
        var entries: [(name: String, entry: GraphModule.Entry)] = []
        for child in layer.children {
            let inner = try module(for: child, at: pointer + ["modules", child.place], path: path)
            entries.append((child.key, .module(inner)))
        }
        return try Self.locating(pointer) { () throws -> Module in
            for tensor in description.tensors {
                let value = try tensor.made(with: generator)
                let entry: GraphModule.Entry =
                    tensor.isParameter
                    ? .parameter(try Parameter(value)) : .buffer(value, isPersistent: tensor.isPersistent)
                entries.append((tensor.name, entry))
            }
            return try GraphModule(description.graph, className: description.className, entries: entries)
        }
    }

    private mutating func module(
        for child: CheckedChild,
        at pointer: [String],
        path: String
    ) throws(DescriptionProblem) -> Module {
        switch child.node {
        case .layer(let layer):
            let path = path.isEmpty ? child.key : "\(path).\(child.key)"
            let module = try build(layer, at: pointer, path: path)
            built[path] = module
            return module
        case .shared(let path, _):
            guard let module = built[path] else {
                throw DescriptionProblem(.refused("'\(path)' names no module before this one"), at: pointer)
            }
            return module
        case .ref(let name):
            let reference = references[name] ?? Reference(to: name)
            references[name] = reference
            return reference
        }
    }

    private static func locating<Result>(
        _ pointer: [String],
        _ body: () throws -> Result
    ) throws(DescriptionProblem) -> Result {
        do {
            return try body()
        } catch let error as TensorError {
            throw DescriptionProblem(.refused(error.message()), at: pointer)
        } catch let error as ModuleError {
            throw DescriptionProblem(.refused(error.message()), at: pointer)
        } catch let error as GraphProblem {
            let place = error.node.map { ["graph", "\($0)"] } ?? ["graph"]
            throw DescriptionProblem(.refused(error.message), at: pointer + place + error.path)
        } catch let error as ArgumentProblem {
            throw DescriptionProblem(error).inside(pointer)
        } catch let error as DescriptionProblem {
            throw error.inside(pointer)
        } catch {
            throw DescriptionProblem(.refused("\(error)"), at: pointer)
        }
    }
}
