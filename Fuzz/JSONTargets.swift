import JSON

/// A JSON text: reading and skipping agree, and what was read is written and read again as itself.
func fuzzJSON(_ input: [UInt8]) {
    var reader = JSONReader(input)
    let skips = (try? reader.skipValue()) != nil && (try? reader.finish()) != nil
    do {
        let value = try JSONValue(parsing: input)
        precondition(skips)
        precondition((try? JSONValue(parsing: value.serialized)) == value)
    } catch {
        precondition(!skips)
        precondition((0...input.count).contains(error.offset))
    }
}

/// A tensor in JSON: the fast path gives what the slow path gives, or leaves it to it.
func fuzzJSONTensor(_ input: [UInt8]) {
    var reader = JSONReader(input), copy = reader
    let value = try? reader.readValue()
    let floats = copy.readFloats()
    if floats != nil { precondition(copy.offset == reader.offset) }
    copy = JSONReader(input)
    let doubles = copy.readDoubles()
    copy = JSONReader(input)
    let integers = copy.readIntegers()
    guard let value else {
        precondition(floats == nil && doubles == nil && integers == nil)
        return
    }
    let leaves = value.leaves
    if let doubles {
        precondition(doubles.shape.reduce(1, *) == doubles.elements.count)
        precondition(doubles.elements.map(\.bitPattern) == leaves.map(\.double.bitPattern))
    }
    if let floats {
        precondition(doubles != nil && floats.shape == doubles?.shape && floats.kinds == doubles?.kinds)
        precondition(zip(floats.elements, leaves).allSatisfy { isRounded($0, from: $1) })
    }
    if let integers { precondition(integers.elements.map(Optional.init) == leaves.map(\.integer)) }
}

/// Whether `float` could be the float nearest to a number whose nearest double is `leaf`: at most one step from rounding twice.
private func isRounded(_ float: Float, from leaf: JSONValue) -> Bool {
    let twice = Float(leaf.double)
    return float.bitPattern == twice.bitPattern || float == twice.nextUp || float == twice.nextDown
}

extension JSONValue {
    fileprivate var leaves: [JSONValue] { asArray.map { $0.flatMap(\.leaves) } ?? [self] }

    fileprivate var double: Double {
        switch self {
        case .number(.int(0)): 0
        case .number(let number): number.doubleValue
        case .bool(let value): value ? 1 : 0
        case .string("NaN"): .nan
        case .string("Infinity"): .infinity
        case .string("-Infinity"): -.infinity
        default: preconditionFailure("the fast path took \(self)")
        }
    }

    fileprivate var integer: Int64? {
        if let value = asBool { return value ? 1 : 0 }
        return asNumber?.integer()
    }
}
