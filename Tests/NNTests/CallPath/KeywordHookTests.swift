import OrderedCollections
import Tensors
import Testing

@testable import NN

/// The numbered cases about keyword arguments.
struct KeywordHookTests {
    private let log = Log()

    @Test("H31") func replacesPositionalAndKeywordArguments() throws {
        let module = Scaling()
        module.registerForwardPreHookWithKeywords { [log] _, arguments in
            log.append("\(arguments.tensors.map(\.floats)) \(arguments.keyword.mapValues(\.floats))")
            return try Arguments([arguments.tensors[0] + 1], keyword: ["scale": vector(5)])
        }
        #expect(try module(scaled(by: 2)).floats == [10, 10])
        #expect(log.all == [#"[[1.0, 1.0]] ["scale": [2.0]]"#])
    }

    @Test("H34") func mixesHooksWithAndWithoutKeywords() throws {
        let module = Scaling()
        module.registerForwardPreHook { _, inputs in try [inputs[0] * 2] }
        module.registerForwardPreHookWithKeywords { _, arguments in
            var arguments = arguments
            arguments.keyword["scale"] = try .tensor(#require(arguments.keyword["scale"]?.tensor) + 1)
            return arguments
        }
        module.registerForwardHookWithKeywords { [log] _, arguments, output in
            log.append(
                "\(arguments.tensors.map(\.floats)) \(arguments.keyword.mapValues(\.floats)) \(output.floats)"
            )
            return nil
        }
        module.registerForwardHook { [log] _, inputs, output in
            log.append("\(inputs.map(\.floats)) \(output.floats)")
            return nil
        }
        _ = try module(scaled(by: 2))
        #expect(log.all == [#"[[2.0, 2.0]] ["scale": [3.0]] [6.0, 6.0]"#, "[[2.0, 2.0]] [6.0, 6.0]"])
    }

    @Test("H50") func takesTheKeywordsFromAHookThatWasRemovedMeanwhile() throws {
        let module = Scaling(log)
        let handle = Box<HookHandle?>(nil)
        module.registerForwardPreHook { _, _ in
            handle.value?.remove()
            return nil
        }
        handle.value = module.registerForwardPreHookWithKeywords { [log] _, arguments in
            log.append("\(arguments.positional.count) \(arguments.keyword.count)")
            return nil
        }
        #expect(try module(scaled(by: 3)).floats == [3, 3])
        #expect(log.all == ["1 0", "forward"])
    }

    @Test(
        "binds arguments as Python does, with its texts",
        arguments: [
            (0, [String](), "Linear.forward() missing 1 required positional argument: 'input'"),
            (2, [], "Linear.forward() takes 2 positional arguments but 3 were given"),
            (1, ["foo"], "Linear.forward() got an unexpected keyword argument 'foo'"),
            (1, ["input"], "Linear.forward() got multiple values for argument 'input'"),
        ]
    )
    func refusesWrongArguments(positional: Int, keyword: [String], message: String) throws {
        let layer = try linear()
        let input = try ones()
        let arguments = Arguments(
            [Tensor](repeating: input, count: positional),
            keyword: OrderedDictionary(uniqueKeysWithValues: keyword.map { ($0, input) })
        )
        let error = #expect(throws: ModuleError.self) { try layer(arguments) }
        #expect(error?.message() == message)
        #expect(error?.message(.torch1_0_1) == message.replacing("Linear.forward", with: "forward"))
        #expect(error?.kind == .type)
    }
}
