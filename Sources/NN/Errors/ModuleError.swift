public import Tensors

/// A way in which a module cannot be built, called or loaded; `message(_:)` gives PyTorch's text.
public enum ModuleError: Error, Equatable, Sendable {
    // Calls.
    case missingForward(type: String)
    case uncallable(type: String)
    case missingArguments(type: String, names: [String])
    case tooManyArguments(type: String, taken: Int, given: Int)
    case unexpectedKeyword(type: String, name: String)
    case repeatedArgument(type: String, name: String)
    case missingParameter(function: String, name: String, position: Int)
    case argumentType(function: String, name: String, position: Int, expected: String, got: String)
    case elementType(function: String, name: String, position: Int, element: Int, expected: String, got: String)
    case notSubscriptable(String)
    case sequenceIndex(String)
    case sliceBound(String)
    case zeroSliceStep
    case outputIsNoTensor(type: String, got: String)
    case emptySlot(name: String)

    // Hooks.
    case hookTakesTensors(type: String, got: String)
    case forwardHookReturned(HookID)
    case hooksChangedWhileRunning
    case mixedBackwardHooks(isGlobal: Bool)
    case gradOutputCount(expected: Int, got: Int)
    case gradInputCount(expected: Int, got: Int)
    case gradInputWithoutInputs
    case gradientChangedType(was: DType, got: DType)
    case gradientChangedSize

    // Trees.
    case emptyName(Entry)
    case dottedName(Entry, String)
    case nameTaken(String)
    case cannotAssign(type: String, to: Entry, name: String)
    case containsItself(type: String)
    case treeTooDeep(limit: Int)
    case indexOutOfRange(Int)
    case insertionOutOfRange(Int)
    case noChild(name: String)
    case noSuchEntry(type: String, name: String)
    case cannotCopy(type: String)

    // State.
    case loading(type: String, [LoadingProblem])
    case convertsToIntegers(DType)
    case cannotRequireGrad(DType)

    // Arguments of layers, initialisers and optimisers.
    case invalidPadding(index: Int, count: Int)
    case fanOfVector
    case divisionByZero
    case emptyParameterList
    case invalidValue(name: String, Double)
    case invalidBeta(index: Int, Double)
    case nesterovNeedsMomentum
    case emptyRange(min: PythonNumber, max: PythonNumber)
    case invalidDropout(PythonNumber)
    case nonPositiveFeatures(Int)
    case batchNormRank(Int)
    case layer(LayerArgumentProblem)

    /// What stands in a module's tables.
    public enum Entry: String, Sendable {
        case parameter
        case buffer
        case child = "module"
    }
}

extension ModuleError {
    /// What PyTorch says of an argument that should be a tensor.
    static func notATensor(function: String, name: String, position: Int, got: String) -> ModuleError {
        .argumentType(function: function, name: name, position: position, expected: "Tensor", got: got)
    }
}

/// What can be wrong with one key of a state dictionary.
public enum LoadingProblem: Equatable, Sendable {
    case missing([String])
    case unexpected([String])
    case sizeMismatch(name: String, given: [Int], expected: [Int])
}
