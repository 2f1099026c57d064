/// Changes parameters along their gradients.
public protocol Optimizer: AnyObject {
    /// What it changes.
    var parameters: [Parameter] { get }
    /// Takes one step; parameters without a gradient stay as they are.
    func step() throws
}

extension Optimizer {
    /// Forgets the gradients, as `zero_grad()` does.
    public func clearGrad() {
        for parameter in parameters { parameter.clearGrad() }
    }
}

/// The checks that PyTorch's optimisers make of their arguments.
enum OptimizerArguments {
    static func check(_ parameters: [Parameter]) throws(ModuleError) {
        guard !parameters.isEmpty else { throw .emptyParameterList }
    }

    /// Refuses what is below zero, and NaN.
    static func check(_ name: String, _ value: Double) throws(ModuleError) {
        guard value >= 0 else { throw .invalidValue(name: name, value) }
    }

    /// Refuses what is below zero, and lets NaN pass.
    static func checkIsNotNegative(_ name: String, _ value: Double) throws(ModuleError) {
        if value < 0 { throw .invalidValue(name: name, value) }
    }

    static func check(beta: Double, at index: Int) throws(ModuleError) {
        guard beta >= 0, beta < 1 else { throw .invalidBeta(index: index, beta) }
    }
}
