import OrderedCollections
import Tensors
import Testing

@testable import NN

/// What is known of a function's result before a call, held to the result.
struct FunctionSpecTests {
    @Test(arguments: [
        "elementwise", "reducing", "shaping", "indexing", "products", "making", "sorting", "types", "layers", "images",
    ])
    func foretellsShapesAndTypes(family: String) throws {
        for row in try FunctionRow.load(family) where row.error == nil {
            let call = try FunctionCallRow(row)
            let output = try call.run()
            try expect(call.spec { TensorSpec(of: $0) }, output, rows: 1, row)
        }
    }

    /// Where rows are said to stay apart, each has the same bits alone.
    @Test(arguments: [
        "elementwise", "reducing", "shaping", "indexing", "products", "sorting", "types", "layers", "images",
    ])
    func tellsWhereTheRowsAre(family: String) throws {
        for row in try FunctionRow.load(family) where row.error == nil {
            let call = try FunctionCallRow(row)
            guard case .tensor(let batch)? = call.values.first, let count = batch.shape.first, count > 1,
                call.values.dropFirst().flatMap(\.tensors).isEmpty
            else { continue }
            let spec = call.spec { TensorSpec(batchOf: $0) }
            let output = try call.run()
            try expect(spec, output, rows: count, row)
            for (place, (spec, whole)) in zip(spec.tensors, output.tensors).enumerated() {
                guard let axis = spec.batchAxis, spec.shape?[axis] == .batch(1) else { continue }
                for index in 0..<count {
                    let alone = try call.run(on: batch.rows(index..<index + 1)).tensors[place]
                    let among = try whole.narrowed(axis, start: index, length: 1)
                    #expect(bits(alone) == bits(among), "row \(index) of \(row.testDescription)")
                }
            }
        }
    }

    /// The same beside weights and other tensors that are the same for every row.
    @Test(arguments: ["elementwise", "shaping", "indexing", "products", "types", "layers", "images"])
    func tellsWhereTheRowsAreBesideOtherTensors(family: String) throws {
        for row in try FunctionRow.load(family) where row.error == nil {
            let call = try FunctionCallRow(row)
            guard case .tensor(let batch)? = call.values.first, let count = batch.shape.first, count > 1,
                !call.values.dropFirst().flatMap(\.tensors).isEmpty
            else { continue }
            var isFirst = true
            let spec = call.spec { tensor in
                defer { isFirst = false }
                return isFirst ? TensorSpec(batchOf: tensor) : TensorSpec(of: tensor)
            }
            guard let found = spec.tensor, let axis = found.batchAxis, found.shape?[axis] == .batch(1) else { continue }
            let whole = try #require(call.run().tensor)
            for index in 0..<count {
                let alone = try #require(call.run(on: batch.rows(index..<index + 1)).tensor)
                let among = try whole.narrowed(axis, start: index, length: 1)
                #expect(bits(alone) == bits(among), "row \(index) of \(row.testDescription)")
            }
        }
    }

    /// What is given by an element's value, which nobody knows before a call.
    private static let untold: Set<String> = ["item"]

    /// A function that says nothing of its result keeps the calls of every graph with it from being joined.
    @Test func everyFunctionSaysSomethingOfItsResult() throws {
        let families = [
            "elementwise", "reducing", "shaping", "indexing", "products", "making", "sorting", "types", "layers",
            "images",
        ]
        var told: Set<String> = []
        for row in try families.flatMap(FunctionRow.load) where row.error == nil {
            if case .unknown = try FunctionCallRow(row).spec({ TensorSpec(of: $0) }) { continue }
            told.insert(row.function)
        }
        let table = ValueSpec.tensor(TensorSpec(shape: [.fixed(5), .fixed(2)], dtype: .float32, rows: .none))
        let rows = ValueSpec.tensor(TensorSpec(shape: [.batch(1), .fixed(3)], dtype: .int64, rows: .axis(0)))
        for (name, given) in [
            ("contiguous", [rows]), ("detach", [rows]), ("empty_like", [rows]), ("embedding_bag", [rows, table]),
            ("getattr", [rows, .constant("shape")]),
        ] {
            let type = try #require(FunctionType.all[name])
            let rest = type.parameters.dropFirst(given.count).map { ValueSpec.constant($0.defaultValue ?? .none) }
            if case .unknown = type.spec.rule(SpecCall(values: given + rest)) { continue }
            told.insert(name)
        }
        let silent = FunctionType.all.values.filter { !$0.isRandom }.map(\.name)
            .filter { !told.contains($0) && !Self.untold.contains($0) }
        #expect(silent.sorted() == [])
    }

    private func bits(_ tensor: Tensor) -> [UInt8] { tensor.withUnsafeBytes { [UInt8]($0) } }

    private func expect(_ spec: ValueSpec, _ output: NN.Value, rows: Int, _ row: FunctionRow) throws {
        switch (spec, output) {
        case (.unknown, _): break
        case (.tuple(let specs), .tuple(let outputs)):
            #expect(specs.count == outputs.count, "\(row.testDescription)")
            for (spec, output) in zip(specs, outputs) { try expect(spec, output, rows: rows, row) }
        case (.size(let extent), .integer(let number)):
            #expect(extent.size(rows: rows).map { $0 == Int(number) } ?? true, "\(row.testDescription)")
        case (.tensor(let spec), .tensor(let tensor)):
            if let dtype = spec.dtype { #expect(dtype == tensor.dtype, "\(row.testDescription)") }
            guard let shape = spec.shape else { return }
            #expect(shape.count == tensor.rank, "\(row.testDescription): \(shape) for \(tensor.shape)")
            for (extent, size) in zip(shape, tensor.shape) {
                #expect(
                    extent.size(rows: rows).map { $0 == size } ?? true,
                    "\(row.testDescription): \(shape) for \(tensor.shape)"
                )
            }
        default: Issue.record("\(row.testDescription): \(spec) for \(output)")
        }
    }
}

/// A recorded call with its arguments bound to the parameters.
struct FunctionCallRow {
    let type: FunctionType
    let values: [NN.Value]
    let seed: UInt64

    init(_ row: FunctionRow) throws {
        type = try #require(FunctionType.all[row.function])
        seed = row.seed ?? 0
        var args = try row.args.map { try $0.made.mapTensors { $0.detached() } }
        let named = try row.kwargs.mapValues { try $0.made.mapTensors { $0.detached() } }
        if let gathering = type.gathering, args.count > gathering {
            args[gathering...] = [.tuple(Array(args[gathering...]))]
        }
        let bound = try type.bind(args, OrderedDictionary(uniqueKeysWithValues: named.map { ($0, $1) }))
        values = zip(type.parameters, bound).map { $1 ?? $0.defaultValue ?? .none }
    }

    func run(on first: Tensor? = nil) throws -> NN.Value {
        var values = values
        if let first { values[0] = .tensor(first) }
        return try CallContext(generator: Generator(seed: seed)).run { try type(values) }
    }

    /// Returns what is known of the result, with `known` of each tensor.
    func spec(_ known: (Tensor) -> TensorSpec) -> ValueSpec {
        func spec(_ value: NN.Value) -> ValueSpec {
            switch value {
            case .tensor(let tensor): .tensor(known(tensor))
            case .tuple(let values): .tuple(values.map(spec))
            case .list(let values): .list(values.map(spec))
            default: .constant(value)
            }
        }
        return type.spec.rule(SpecCall(values: values.map(spec)))
    }
}
