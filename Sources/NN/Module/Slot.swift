public import Tensors

/// A named place in a module for a parameter, a buffer or a child.
///
/// A module declares its slots as stored properties and registers them under names, so that `forward` reads a property
/// where a table would hash a string, and still sees at once what `registerParameter`, loading or copying put there.
public final class Slot<Content> {
    /// What stands here; `nil` is PyTorch's `None`: the name is taken, but there is nothing under it.
    ///
    /// Read and written whole, so no access lasts while another begins; to watch for that costs more than to read it.
    @exclusivity(unchecked)
    public internal(set) final var value: Content?

    /// The name under which a module registered the slot; empty before that.
    public internal(set) final var name = ""

    /// Creates an empty slot.
    public init() {}
}

extension Slot where Content == Module {
    /// Calls the child in this slot, so that errors and traces name it by the slot's name.
    public func callAsFunction(_ input: Tensor) throws -> Tensor {
        guard let value else { throw ModuleError.emptySlot(name: name) }
        return try value.oneTensor(of: value.call(Arguments(input), as: name))
    }

    /// Calls the child in this slot with any arguments.
    public func callAsFunction(_ arguments: Arguments) throws -> Value {
        guard let value else { throw ModuleError.emptySlot(name: name) }
        return try value.call(arguments, as: name)
    }
}

extension Slot where Content == Parameter {
    /// What `forward` computes with; `nil` in an empty slot.
    ///
    /// While no gradients are recorded it comes without the node that would gather them, which costs as much to pass on as
    /// the numbers.
    public var operand: Tensor? {
        // Asked before the parameter is read, which would otherwise be counted across the question.
        let isRecording = Autograd.isRecording
        return isRecording ? value?.tensor : value?.detached
    }

    /// Returns the operand, or throws what PyTorch says if `function` misses it at `position`.
    func operand(of function: String, position: Int) throws(ModuleError) -> Tensor {
        guard let operand else { throw .missingParameter(function: function, name: name, position: position) }
        return operand
    }
}
