import HTTP
import HTTPTypes
import JSON
@testable import ModuleAPI
import NN
import Serving
import Tensors
import Testing
import TestServer
import Web

/// Which code a client is told for which error: none falls to another by default.
struct ErrorCodeTests {
    @Test(
        arguments: [
            (.boolRelu, .dtypeMismatch), (.boolHardtanh, .dtypeMismatch), (.unsignedHardtanh, .dtypeMismatch),
            (.boolSubtraction, .dtypeMismatch), (.boolNegation, .dtypeMismatch),
            (.meanNeedsFloats(.int64), .dtypeMismatch),
            (.mixedTypes, .dtypeMismatch), (.parametersMustBeFloat, .dtypeMismatch),
            (.targetType(.bool), .dtypeMismatch),
            (.bilinear(.types(input1: .int8, input2: .float32, weight: .float32, bias: nil)), .dtypeMismatch),
            (.productTypes(.dot, .int8, .int16), .dtypeMismatch), (.embeddingIndexType(.float32), .dtypeMismatch),
            (.productShapes(rows: 1, inner: 2, otherInner: 3, columns: 4), .shapeMismatch),
            (.bilinear(.weightRank(2)), .shapeMismatch),
            (.normalizedShape([2], input: [3], operation: .layer), .shapeMismatch),
            (.channelCount("weight", expected: 1, got: 2), .shapeMismatch),
            (.oneValuePerChannel([1, 2]), .shapeMismatch),
            (.targetShape(expected: [1], got: [2]), .shapeMismatch), (.severalTargets, .shapeMismatch),
            (.gradientShape(index: 0, gradient: [1], output: [2]), .shapeMismatch),
            (.flattenOrder, .invalidArgument), (.invalidReshape([2], elementCount: 3), .invalidArgument),
            (.severalInferredDimensions, .invalidArgument), (.invalidDropout(2), .invalidArgument),
            (.labelSmoothing(2), .invalidArgument), (.invalidReduction("x"), .invalidArgument),
            (.emptyConcatenation, .invalidArgument), (.function(.emptyStack), .invalidArgument),
            (.function(.unflattenSizes([2, 2], size: 3, dimension: 0)), .invalidArgument),
            (.function(.unflattenWithoutSizes), .invalidArgument),
            (.missingRunningStatistics("running_mean"), .invalidArgument),
            (.sliceOutOfBounds(start: 1, length: 2, size: 2), .indexOutOfRange), (.topKOutOfRange, .indexOutOfRange),
            (.targetOutOfBounds(9), .indexOutOfRange), (.notASequence, .invalidTensor),
            (.nestedWhereNumberExpected("str"), .invalidTensor), (.gradientNeedsScalar, .notDifferentiable),
            (.targetRequiresNoGradient, .notDifferentiable), (.unusedInput(index: 0), .notDifferentiable),
            (.tooManyBytes(2, limit: 1), .tensorTooLarge),
        ] as [(TensorError, ProblemCode)]
    )
    func aTensorErrorHasTheCodeOfItsFault(error: TensorError, code: ProblemCode) {
        #expect(error.problem.code == code)
    }

    @Test(
        arguments: [
            (.tooManyArguments(type: "Linear", taken: 2, given: 5), .invalidCall), (.batchNormRank(1), .shapeMismatch),
            (.cannotRequireGrad(.int64), .dtypeMismatch), (.convertsToIntegers(.int8), .dtypeMismatch),
            (.indexOutOfRange(9), .indexOutOfRange), (.treeTooDeep(limit: 1), .treeTooDeep),
            (.loading(type: "Linear", []), .stateDictMismatch), (.gradientChangedSize, .invalidHook),
            (.invalidPadding(index: 1, count: 1), .invalidArgument), (.nonPositiveFeatures(0), .invalidArgument),
        ] as [(ModuleError, ProblemCode)]
    )
    func aModuleErrorHasTheCodeOfItsFault(error: ModuleError, code: ProblemCode) {
        #expect(error.problem.code == code)
    }

    @Test func everyFaultHasACodeOfItsOwn() {
        #expect(Set(TensorError.Fault.allCases.map { ProblemCode($0) }).count == TensorError.Fault.allCases.count)
        #expect(Set(ModuleError.Fault.allCases.map { ProblemCode($0) }).count == ModuleError.Fault.allCases.count)
    }

    @Test(arguments: [
        (#"{"type": "ReLU"}"#, "[true, false]", "dtype_mismatch"),
        (#"{"type": "Hardtanh"}"#, "[true]", "dtype_mismatch"),
        (#"{"type": "LayerNorm", "normalized_shape": [2]}"#, "[1, 2, 3]", "shape_mismatch"),
        (#"{"type": "BatchNorm1d", "num_features": 2, "dtype": "float32"}"#, "[1, 2]", "shape_mismatch"),
        (#"{"type": "Softmax", "dim": 4}"#, "[1, 2]", "index_out_of_range"),
        (#"{"type": "Flatten", "start_dim": 2, "end_dim": 0}"#, "[[[1]]]", "invalid_argument"),
    ])
    func aCallSaysWhatKindOfThingIsWrong(module: String, input: String, code: String) async throws {
        let server = Server()
        try await server.create(String(module.dropLast()) + #", "name": "m"}"#)
        let data = input.contains("true") ? #"{"data": \#(input), "dtype": "bool"}"# : input
        let answer = await server.json(.post, "/v1/modules/m/call", #"{"input": \#(data)}"#)
        #expect(answer.status == 422)
        #expect(answer.code == code, "\(answer.text)")
    }

    @Test(arguments: [
        (#"{"type": "Linear", "in_features": 2, "out_features": 1}"#, "Linear", "'input'", 1),
        (#"{"type": "ReLU"}"#, "ReLU", "'input'", 1),
        // PyTorch 2.13 names this one's input so, and those of no other layer of one.
        (#"{"type": "RMSNorm", "normalized_shape": 2}"#, "RMSNorm", "'x'", 1),
        (#"{"type": "Sequential", "modules": []}"#, "Sequential", "'input'", 1),
        (
            #"{"type": "Bilinear", "in1_features": 1, "in2_features": 1, "out_features": 1}"#, "Bilinear",
            "'input1' and 'input2'", 2
        ),
    ])
    func aCallWithoutInputIsToldSoAsByPython(module: String, type: String, names: String, count: Int) async throws {
        let server = Server()
        try await server.create(String(module.dropLast()) + #", "name": "m"}"#)
        for verb in ["call", "trace", "backward"] {
            for body in ["{}", #"{"inputs": []}"#] {
                let answer = await server.json(.post, "/v1/modules/m/\(verb)", body)
                #expect(answer.code == "invalid_call", "\(answer.text)")
                let words =
                    "\(type).forward() missing \(count) required positional argument\(count == 1 ? "" : "s"): \(names)"
                #expect(answer.detail == words)
            }
        }
    }

    @Test func anInputIsGivenByTheNameThatPyTorchHasForIt() async throws {
        let server = Server()
        try await server.create(#"{"name": "m", "type": "RMSNorm", "normalized_shape": 2}"#)
        for body in [#"{"inputs": {"x": [1, 1]}}"#, #"{"input": [1, 1]}"#] {
            #expect(await server.json(.post, "/v1/modules/m/call", body).status == 200)
        }
        let answer = await server.json(.post, "/v1/modules/m/call", #"{"inputs": {"input": [1, 1]}}"#)
        #expect(answer.detail == "RMSNorm.forward() got an unexpected keyword argument 'input'")
    }

    @Test func aCallWithTooManyInputsIsToldWhichThereAre() async throws {
        let server = Server()
        try await server.createTutorialLayer()
        let answer = await server.json(.post, "/v1/modules/fc/call", #"{"inputs": [1, 2, 3, 4]}"#)
        #expect(answer.code == "invalid_call")
        #expect(answer.detail == "Linear.forward() takes 2 positional arguments but 5 were given")
        #expect(answer.json["expected"] == "input")
    }
}
