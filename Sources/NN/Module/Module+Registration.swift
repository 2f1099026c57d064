import OrderedCollections
public import Tensors

extension Module {
    /// The greatest number of modules from a root down to a leaf, both counted.
    public static let maximumDepth = 128

    /// Puts `parameter` under `name` into `slot`, or into the slot that already has the name.
    /// - Throws: `ModuleError` with PyTorch's text when the name is empty, dotted or taken.
    @discardableResult
    public final func registerParameter(
        _ name: String,
        _ parameter: Parameter?,
        in slot: Slot<Parameter> = Slot()
    ) throws(ModuleError) -> Slot<Parameter> {
        if let taken = parameterSlots[name] {
            taken.value = parameter
            return taken
        }
        try check(name, as: .parameter)
        fill(slot, with: parameter, name: name)
        parameterSlots[name] = slot
        return slot
    }

    /// Puts `tensor` under `name` into `slot`; a buffer that is not persistent stays outside of `stateDict()`.
    @discardableResult
    public final func registerBuffer(
        _ name: String,
        _ tensor: Tensor?,
        isPersistent: Bool = true,
        in slot: Slot<Tensor> = Slot()
    ) throws(ModuleError) -> Slot<Tensor> {
        if bufferSlots[name] == nil { try check(name, as: .buffer) }
        let slot = bufferSlots[name] ?? slot
        fill(slot, with: tensor, name: name)
        bufferSlots[name] = slot
        if isPersistent { transientBuffers.remove(name) } else { transientBuffers.insert(name) }
        return slot
    }

    /// Puts `child` under `name` into `slot`.
    /// - Throws: `ModuleError`, also when the tree would contain itself or grow beyond `maximumDepth`.
    @discardableResult
    public final func registerChild(
        _ name: String,
        _ child: Module?,
        in slot: Slot<Module> = Slot()
    ) throws(ModuleError) -> Slot<Module> {
        let known = childSlots[name]
        if known == nil { try check(name, as: .child) }
        if let child { try adopt(child) }
        known?.value?.place.isReleased(by: place)
        // One that stands in another tree too keeps there what it has.
        let slot = place.sharesSlots ? slot : known ?? slot
        fill(slot, with: child, name: name)
        childSlots.set(name, to: slot)
        return slot
    }

    /// Puts what stands in `module` into a copy of it that nobody holds, with `others` in the place of some: at once, since each
    /// by itself would walk the tree to find its depth, which is the caller's to check.
    ///
    /// A class that reads no slots of its own shares those of the children that stay, so that the copy of a wide module takes
    /// the time of a narrow one.
    final func registerChildren(of module: Module, replacing others: [(index: Int, child: Module)]) {
        let declared = childSlots
        childSlots = module.childSlots
        if declared.isEmpty {
            if others.count < childSlots.count { place.noteSharedSlots(with: module.place) }
        } else {
            for (index, slot) in module.childSlots.values.enumerated() {
                put(slot.value, at: index, in: declared[slot.name] ?? Slot())
            }
        }
        // What stands in both trees is not to be changed, so that it need not know of both.
        for (index, child) in others {
            put(child, at: index, in: declared.isEmpty ? Slot() : childSlots.values[index])
            child.place.isHeld(by: place)
        }
    }

    private final func put(_ child: Module?, at index: Int, in slot: Slot<Module>) {
        fill(slot, with: child, name: childSlots.keys[index])
        childSlots.replace(at: index, with: slot)
    }

    private final func fill<Value>(_ slot: Slot<Value>, with value: Value?, name: String) {
        slot.value = value
        slot.name = name
    }

    private final func check(_ name: String, as entry: ModuleError.Entry) throws(ModuleError) {
        if entry == .child, isTaken(name) { throw .nameTaken(name) }
        if name.utf8.contains(UInt8(ascii: ".")) { throw .dottedName(entry, name) }
        if name.isEmpty { throw .emptyName(entry) }
        if isTaken(name) { throw .nameTaken(name) }
    }

    private final func isTaken(_ name: String) -> Bool {
        parameterSlots[name] != nil || bufferSlots[name] != nil || childSlots[name] != nil
            || attributeNames.contains(name) || pythonAttributes.contains(name)
    }
}

/// What every module has in Python, so that state written by this library loads there under the same names.
private let pythonAttributes: Set<String> = [
    "T_destination", "add_module", "apply", "bfloat16", "buffers", "call_super_init", "children", "compile", "cpu",
    "cuda", "double", "dump_patches", "eval", "extra_repr", "float", "forward", "get_buffer", "get_extra_state",
    "get_parameter", "get_submodule", "half", "ipu", "load_state_dict", "modules", "mtia", "named_buffers",
    "named_children", "named_modules", "named_parameters", "parameters", "register_backward_hook",
    "register_buffer", "register_forward_hook", "register_forward_pre_hook", "register_full_backward_hook",
    "register_full_backward_pre_hook", "register_load_state_dict_post_hook", "register_load_state_dict_pre_hook",
    "register_module", "register_parameter", "register_state_dict_post_hook", "register_state_dict_pre_hook",
    "requires_grad_", "set_extra_state", "set_submodule", "share_memory", "state_dict", "to", "to_empty", "train",
    "training", "type", "xpu", "zero_grad",
]
