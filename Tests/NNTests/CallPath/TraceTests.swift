import Tensors
import Testing

@testable import NN

/// The numbered cases about tracing, and what a trace of a tree says.
///
/// PyTorch 2.13 names scopes `__module.fc`; a trace here has PyTorch 1.0.1's `Sequential/Linear[fc]`, which says the
/// type too, and the path beside it. The 1.0.1 column of T01, which refuses to trace a module with hooks, is left out:
/// hooks are what a trace is to show.
struct TraceTests {
    private func trace(_ module: Module, _ input: Tensor, hooks: CallHooks = CallHooks()) throws -> [TraceEvent] {
        let tracer = Tracer()
        _ = try quietContext(tracer: tracer, hooks: hooks).run { try module(input) }
        return tracer.events
    }

    @Test("T01") func runsHooksAroundATracedForward() throws {
        let layer = try linear()
        let id = layer.registerForwardHook { _, _, _ in nil }.id
        let events = try trace(layer, Tensor([1, 1] as [Float], shape: [1, 2]))
        #expect(events.map(\.kind) == [.forwardBegin, .operation, .forwardEnd, .forwardHook])
        #expect(events.map(\.shape) == [[1, 2], [1, 2], [1, 2], nil])
        #expect(events.map(\.name) == [nil, "addmm", nil, nil])
        #expect(events.map(\.hook) == [nil, nil, nil, .registered(id)])
        #expect(events.allSatisfy { $0.module.isEmpty && $0.type == "Linear" && $0.scope == "Linear" })
    }

    @Test("T02") func namesScopesByTypeAndKey() throws {
        let network = try Sequential(named: [("fc", linear()), ("act", ReLU())])
        let events = try trace(network, Tensor([1, 1] as [Float], shape: [1, 2]))
        let operations = events.filter { $0.kind == .operation }
        #expect(operations.map(\.scope) == ["Sequential/Linear[fc]", "Sequential/ReLU[act]"])
        #expect(operations.map(\.module) == ["fc", "act"])
        #expect(operations.map(\.name) == ["addmm", "relu"])
    }

    @Test func givesASharedModuleThePathByWhichItWasReached() throws {
        let layer = try linear()
        let events = try trace(Sequential(layer, Sequential(layer)), ones())
        #expect(events.filter { $0.kind == .forwardBegin }.map(\.module) == ["", "0", "1", "1.0"])
        #expect(events.last { $0.type == "Linear" }?.scope == "Sequential/Sequential[1]/Linear[0]")
    }

    @Test func findsTheNameOfAChildThatIsCalledWithoutItsSlot() throws {
        final class Network: Module {
            let layer: Linear
            init(_ layer: Linear) throws {
                self.layer = layer
                super.init()
                try registerChild("layer", layer)
            }
            override func forward(_ input: Tensor) throws -> Tensor { try layer(input) }
        }
        let events = try trace(Network(linear()), ones())
        #expect(events.filter { $0.type == "Linear" }.map(\.module).allSatisfy { $0 == "layer" })
    }

    @Test func showsTheHooksOfOneCallByTheirPlaceInTheRequest() throws {
        let layer = try linear()
        let own = layer.registerForwardPreHook { _, _ in nil }.id
        var hooks = CallHooks()
        hooks.add(.forwardPre { _, _ in nil }, to: layer, id: 0)
        hooks.add(.forwardPre { _, _ in nil }, to: layer, id: 1, prepend: true)
        hooks.add(.forward { _, _, _ in nil }, to: layer, id: 2)
        let events = try trace(layer, ones(), hooks: hooks)
        #expect(events.compactMap(\.hook) == [.call(1), .registered(own), .call(0), .call(2)])
    }

    @Test func recordsNothingOutsideOfItsCall() throws {
        let tracer = Tracer()
        let layer = try linear()
        try quietContext(tracer: tracer).run { _ = try layer(ones()) }
        let count = tracer.events.count
        _ = try layer(ones())
        #expect(tracer.events.count == count)
    }
}
