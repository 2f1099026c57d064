public import Tensors

extension ModuleError: CustomStringConvertible {
    /// PyTorch 2.13's text.
    public var description: String { message() }

    /// The exception that PyTorch raises for it.
    public var kind: ErrorKind {
        switch self {
        case .missingForward: .notImplemented
        case .missingArguments, .tooManyArguments, .unexpectedKeyword, .repeatedArgument, .missingParameter,
            .argumentType, .elementType, .notSubscriptable, .sliceBound, .outputIsNoTensor, .hookTakesTensors,
            .emptySlot, .convertsToIntegers, .cannotAssign:
            .type
        case .emptyName, .dottedName, .nameTaken, .noChild: .key
        case .indexOutOfRange, .insertionOutOfRange, .sequenceIndex: .index
        case .noSuchEntry: .attribute
        case .fanOfVector, .emptyParameterList, .invalidValue, .invalidBeta, .nesterovNeedsMomentum,
            .nonPositiveFeatures, .batchNormRank, .invalidDropout, .zeroSliceStep:
            .value
        case .invalidPadding, .emptyRange: .assertion
        case .divisionByZero: .zeroDivision
        case .layer(let problem): problem.kind
        default: .runtime
        }
    }

    /// Returns the text that PyTorch gives.
    public func message(_ compatibility: Compatibility = .current) -> String {
        callMessage(compatibility) ?? hookMessage ?? treeMessage ?? argumentMessage
    }

    private func callMessage(_ compatibility: Compatibility) -> String? {
        // Python 3.7, which ran PyTorch 1.0.1, names the function without its class.
        func forward(of type: String) -> String {
            compatibility == .torch1_0_1 ? "forward()" : "\(type).forward()"
        }
        switch self {
        case .missingForward(let type):
            return compatibility == .torch1_0_1
                ? "" : "Module [\(type)] is missing the required \"forward\" function"
        case .uncallable(let type): return "\(type) should not be called."
        case .missingArguments(let type, let names):
            let plural = names.count == 1 ? "" : "s"
            return "\(forward(of: type)) missing \(names.count) required positional argument\(plural): "
                + Self.pythonList(names)
        case .tooManyArguments(let type, let taken, let given):
            // Python counts `self`.
            return "\(forward(of: type)) takes \(taken + 1) positional arguments but \(given + 1) were given"
        case .unexpectedKeyword(let type, let name):
            return "\(forward(of: type)) got an unexpected keyword argument '\(name)'"
        case .repeatedArgument(let type, let name):
            return "\(forward(of: type)) got multiple values for argument '\(name)'"
        case .missingParameter(let function, let name, let position):
            return "\(function)(): argument '\(name)' (position \(position)) must be Tensor, not NoneType"
        case .argumentType(let function, let name, let position, let expected, let got):
            return "\(function)(): argument '\(name)' (position \(position)) must be \(expected), not \(got)"
        case .elementType(let function, let name, let position, let element, let expected, let got):
            return "\(function)(): expected \(expected) as element \(element) in argument '\(name)' "
                + "(position \(position)), but got \(got)"
        case .notSubscriptable(let type):
            return "'\(type)' object is not subscriptable"
        case .sequenceIndex(let type):
            return "\(type) index out of range"
        case .sliceBound:
            return "slice indices must be integers or None or have an __index__ method"
        case .zeroSliceStep:
            return "slice step cannot be zero"
        case .outputIsNoTensor(let type, let got):
            return "\(forward(of: type)) returned a \(got) where one Tensor was expected"
        case .emptySlot:
            return "'NoneType' object is not callable"
        default:
            return nil
        }
    }

    private var hookMessage: String? {
        switch self {
        case .hookTakesTensors(let type, let got):
            "a hook of tensors cannot see the \(got) that a call of \(type) takes or gives"
        case .forwardHookReturned(let id):
            "forward hooks should never return any values, but '<function \(id.pythonName)>'didn't return None"
        case .hooksChangedWhileRunning:
            "OrderedDict mutated during iteration"
        case .mixedBackwardHooks(let isGlobal):
            "Cannot use both regular backward hooks and full backward hooks "
                + (isGlobal ? "as a global Module hook. " : "on a single Module. ") + "Please use only one of them."
        case .gradOutputCount(let expected, let got):
            "Backward pre hook returned an invalid number of grad_output, got \(got), but expected \(expected)"
        case .gradInputCount(let expected, let got):
            "Backward hook returned an invalid number of grad_input, got \(got), but expected \(expected)"
        case .gradInputWithoutInputs:
            "Backward hook for Modules where no input requires gradient should always return None or None for all "
                + "gradients."
        case .gradientChangedType(let was, let got):
            "hook 'hook' has changed the type of value (was \(was.legacyTypeName) got \(got.legacyTypeName))"
        case .gradientChangedSize:
            "hook 'hook' has changed the size of value"
        default:
            nil
        }
    }

    private var treeMessage: String? {
        switch self {
        case .emptyName(let entry): "\(entry.rawValue) name can't be empty string \"\""
        case .dottedName(.child, let name): "module name can't contain \".\", got: \(name)"
        case .dottedName(let entry, _): "\(entry.rawValue) name can't contain \".\""
        case .nameTaken(let name): "attribute '\(name)' already exists"
        case .cannotAssign(let type, .parameter, let name):
            "cannot assign '\(type)' as parameter '\(name)' (torch.nn.Parameter or None expected)"
        case .cannotAssign(let type, .child, let name):
            "cannot assign '\(type)' as child module '\(name)' (torch.nn.Module or None expected)"
        case .cannotAssign(let type, .buffer, let name):
            "cannot assign '\(type)' as buffer '\(name)' (torch.nn.Buffer, torch.Tensor or None expected)"
        case .containsItself(let type): "\(type) cannot contain itself"
        case .treeTooDeep(let limit): "modules are nested more than \(limit) deep"
        case .indexOutOfRange(let index): "index \(index) is out of range"
        case .insertionOutOfRange(let index): "Index out of range: \(index)"
        case .noChild(let name): name
        case .noSuchEntry(let type, let name): "'\(type)' object has no attribute '\(name)'"
        case .cannotCopy(let type): "\(type) cannot be copied: it does not override emptyCopy()"
        case .loading(let type, let problems):
            "Error(s) in loading state_dict for \(type):\n\t" + problems.map(\.message).joined(separator: "\n\t")
        case .cannotRequireGrad: "Only Tensors of floating point and complex dtype can require gradients"
        case .convertsToIntegers(let dtype):
            "nn.Module.to only accepts floating point or complex dtypes, but got desired dtype=\(dtype)"
        default: nil
        }
    }

    private var argumentMessage: String {
        switch self {
        case .invalidPadding: "Padding_idx must be within num_embeddings"
        case .fanOfVector:
            "Fan in and fan out can not be computed for tensor with fewer than 2 dimensions"
        case .divisionByZero: "float division by zero"
        case .emptyParameterList: "optimizer got an empty parameter list"
        case .invalidValue(let name, let value): "Invalid \(name): \(value)"
        case .invalidBeta(let index, let value): "Invalid beta parameter at index \(index): \(value)"
        case .nesterovNeedsMomentum: "Nesterov momentum requires a momentum and zero dampening"
        case .emptyRange(let min, let max): "max_val (\(max)) must be greater than min_val (\(min))"
        case .invalidDropout(let p): "dropout probability has to be between 0 and 1, but got \(p)"
        case .nonPositiveFeatures(let count): "in1_features must be > 0, but got (in1_features=\(count))"
        case .batchNormRank(let rank): "expected 2D or 3D input (got \(rank)D input)"
        case .layer(let problem): problem.message
        default: kind.rawValue
        }
    }

    /// `'a'`, `'a' and 'b'`, `'a', 'b', and 'c'`, as Python joins names.
    private static func pythonList(_ names: [String]) -> String {
        let quoted = names.map { "'\($0)'" }
        guard let last = quoted.last, quoted.count > 1 else { return quoted.joined() }
        return quoted.dropLast().joined(separator: ", ") + (quoted.count > 2 ? ", and " : " and ") + last
    }
}

extension LoadingProblem {
    var message: String {
        switch self {
        case .missing(let keys): "Missing key(s) in state_dict: \(Self.list(keys)). "
        case .unexpected(let keys): "Unexpected key(s) in state_dict: \(Self.list(keys)). "
        case .sizeMismatch(let name, let given, let expected):
            "size mismatch for \(name): copying a param with shape torch.Size(\(given)) from checkpoint, the shape in "
                + "current model is torch.Size(\(expected))."
        }
    }

    private static func list(_ keys: [String]) -> String {
        keys.map { "\"\($0)\"" }.joined(separator: ", ")
    }
}

extension HookID {
    /// How PyTorch's text names a function; a Swift closure has no name, so the hook's number stands for the address.
    fileprivate var pythonName: String {
        switch self {
        case .registered(let id), .call(let id): "hook at 0x\(String(id, radix: 16))"
        }
    }
}
