import JSON
import Tensors
import Testing

@testable import Models

struct CodecTests {
    @Test func aCallIsReadWithItsHooks() throws {
        let reader = CallReader(listDType: .fixed(.float32), maxHooks: 1)
        let text = #"{"input": [[1, 2]], "hooks": [{"kind": "forward", "action": {"type": "scale", "value": 2}}]}"#
        let call = try reader.call(in: Array(text.utf8))
        #expect(call.inputs.map(\.shape.dimensions) == [[1, 2]])
        #expect(call.hooks.map(\.action.typeName) == ["scale"])
        #expect(call.gradOutput == nil)
    }

    /// What is no JSON is that first, whatever else is wrong with what stands before the fault.
    @Test(
        arguments: [
            (#"{"input": 1, "colour": 2}"#, .unknownField, "/colour"),
            (#"{"input": 1, "inputs": [1]}"#, .invalidField, "/inputs"),
            (#"{"input": [[1], [2, 3]]}"#, .invalidTensor, "/input"),
            (#"{"input": 1, "hooks": [{}, {}]}"#, .missingField, "/hooks/0"),
            (#"{"input": [1, "colour": 2}"#, .malformedJSON, nil), (#"{"colour": 1, "#, .malformedJSON, nil),
            (#"{"input": 1, "input": 2}"#, .duplicateKey, "/input"),
        ] as [(String, DocumentProblem.Kind, String?)]
    )
    func whatIsWrongWithACallIsNamedWithItsPlace(text: String, kind: DocumentProblem.Kind, pointer: String?) throws {
        let reader = CallReader(listDType: .fixed(.float32), maxHooks: 1)
        let problem = #expect(throws: DocumentProblem.self) { try reader.call(in: Array(text.utf8)) }
        #expect(problem?.kind == kind)
        #expect(problem?.pointer == pointer)
    }

    @Test func aCallBringsNoMoreHooksThanItMay() throws {
        let hook = #"{"kind": "forward", "action": {"type": "capture"}}"#
        let reader = CallReader(listDType: .fixed(.float32), maxHooks: 1)
        let problem = #expect(throws: DocumentProblem.self) {
            try reader.hooks(in: Array("[\(hook), \(hook)]".utf8))
        }
        #expect(problem?.kind == .limit(.hooksPerCall))
    }

    @Test func aTreeOfTooManyModulesIsNotReadToItsEnd() throws {
        let children = Array(repeating: #"{"type": "ReLU"}"#, count: 4).joined(separator: ", ")
        let text = Array(#"{"type": "Sequential", "modules": [\#(children)]}"#.utf8)
        #expect(throws: Never.self) { try DescriptionReader.description(in: text, maxModules: 5, maxNodes: 0) }
        let problem = #expect(throws: DocumentProblem.self) {
            try DescriptionReader.description(in: text, maxModules: 4, maxNodes: 0)
        }
        #expect(problem?.kind == .limit(.treeModules))
        #expect(problem?.pointer == "/modules/3")
    }

    @Test func aPointerEscapesWhatJSONPointersEscape() {
        #expect(DocumentProblem.pointer(["a/b", "c~d", ""]) == "/a~1b/c~0d/")
    }
}
