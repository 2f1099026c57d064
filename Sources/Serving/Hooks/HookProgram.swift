import Models
import NN
import OrderedCollections
import Tensors

/// An action made ready to run: checked, its activation built.
struct HookProgram: Sendable {
    let description: HookDescription
    private let activation: FrozenModule?

    init(_ description: HookDescription) throws(HookProblem) {
        self.description = description
        if description.alwaysCall, description.kind != .forward {
            throw HookProblem(.alwaysCallNeedsForward, at: ["always_call"])
        }
        switch description.action {
        case .clamp(nil, nil): throw HookProblem(.noBound, at: ["action"])
        case .assertRange(let min, let max): try Self.checkRange(min, max)
        case .topk(let k) where k < 0: throw HookProblem(.negativeCount(k), at: ["action", "k"])
        case .assertShape(let shape) where shape.contains { $0 < -1 }:
            throw HookProblem(.shape(shape), at: ["action", "shape"])
        case .projectOut(let direction): try Self.check(direction: direction)
        default: break
        }
        try Self.check(steps: description.at ?? [])
        activation = try Self.activation(for: description.action)
    }

    private static func check(steps parts: [Index]) throws(HookProblem) {
        for (place, part) in parts.enumerated() {
            if case .slice(_, _, let step?) = part, step <= 0 {
                throw HookProblem(.step(step), at: ["action", "at", String(place)])
            }
        }
    }

    private static func check(direction: Tensor) throws(HookProblem) {
        let place = ["action", "direction"]
        guard direction.rank == 1 else {
            throw HookProblem(.notAVector(shape: direction.shape.dimensions), at: place)
        }
        let numbers = direction.scalars(as: Double.self)
        guard numbers.contains(where: { $0 != 0 }), numbers.allSatisfy(\.isFinite) else {
            throw HookProblem(.noDirection, at: place)
        }
    }

    private static func checkRange(_ min: Double?, _ max: Double?) throws(HookProblem) {
        guard min != nil || max != nil else { throw HookProblem(.noBound, at: ["action"]) }
        if let min, let max, min > max { throw HookProblem(.emptyRange(min: min, max: max), at: ["action", "min"]) }
    }

    private static func activation(for action: HookAction) throws(HookProblem) -> FrozenModule? {
        guard case .activation(let name, var arguments) = action else { return nil }
        guard let type = ModuleType.parameterless.first(where: { $0.name == name }) else {
            throw HookProblem(.unknownActivation(name), at: ["action", "name"])
        }
        let takesDimension = type.parameters.contains { $0.name == "dim" }
        if takesDimension, arguments["dim"] == nil { arguments["dim"] = .int(-1) }
        do throws(DescriptionProblem) {
            return FrozenModule(try Self.make(type, CheckedArguments(arguments, for: type)))
        } catch {
            throw HookProblem(.activation(error), at: ["action"] + error.pointer)
        }
    }

    private static func make(_ type: ModuleType, _ given: CheckedArguments) throws(DescriptionProblem) -> Module {
        do {
            return try type.make(given, .float32, nil).eval()
        } catch let error as DescriptionProblem {
            throw error
        } catch let error as ModuleError {
            throw DescriptionProblem(.refused(error.message()))
        } catch {
            throw DescriptionProblem(.refused("\(error)"))
        }
    }

    /// Returns what `tensor` becomes, or `nil` when it stays: `x[at] = action(x[at])` where a part is named.
    func run(on tensor: Tensor, at site: HookSite) throws -> Tensor? {
        guard let place = description.at else { return try act(on: tensor, at: site) }
        guard let part = try act(on: tensor.item(at: place), at: site) else { return nil }
        return try tensor.replacing(at: place, with: part)
    }

    private func act(on tensor: Tensor, at site: HookSite) throws -> Tensor? {
        switch description.action {
        case .replace(let value): try value.asReplacement(of: tensor)
        case .add(let value): try value.added(to: tensor)
        case .scale(let value): try value.multiplied(with: tensor)
        case .clamp(let min, let max): try tensor.clamped(min, max)
        case .normalize(let mean, let std): try std.dividing(mean.subtracted(from: tensor))
        case .mask(let indices?): try tensor.zeroing(indices: indices)
        case .mask(nil): try .zeros(tensor.shape, dtype: tensor.dtype)
        case .topk(let k): try tensor.keepingTopK(k)
        case .projectOut(let direction): try tensor.takingOut(direction)
        case .activation: try activate(tensor)
        default: try watch(tensor, at: site)
        }
    }

    /// The activation is no module of the tree: no hook and no tracer sees it called.
    private func activate(_ tensor: Tensor) throws -> Tensor? {
        guard let activation else { return nil }
        return try CallContext(globalHooks: HookSnapshot(), isFrozen: true).run { try activation.module(tensor) }
    }

    private func watch(_ tensor: Tensor, at site: HookSite) throws -> Tensor? {
        switch description.action {
        case .capture: try site.capture(tensor.detached())
        case .statistics: site.count(TensorSummary(of: tensor))
        case .log(let level): site.log(tensor, level: level)
        case .assertFinite:
            let bad = tensor.dtype.isFloatingPoint ? tensor.scalars(as: Double.self).count { !$0.isFinite } : 0
            if bad > 0 { throw site.finding(.finite(bad: bad)) }
        case .assertRange(let min, let max):
            if let value = tensor.scalars(as: Double.self).first(where: { !Self.holds($0, min, max) }) {
                throw site.finding(.range(min: min, max: max, value: value))
            }
        case .assertShape(let expected):
            let got = Array(tensor.shape)
            let fits = got.count == expected.count && zip(got, expected).allSatisfy { $1 == -1 || $0 == $1 }
            if !fits { throw site.finding(.shape(expected: expected, got: got)) }
        default: break
        }
        return nil
    }

    /// NaN is in no range.
    private static func holds(_ value: Double, _ min: Double?, _ max: Double?) -> Bool {
        value >= min ?? -.infinity && value <= max ?? .infinity
    }
}
