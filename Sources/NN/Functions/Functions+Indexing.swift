import Tensors

extension FunctionType {
    /// Looking up.
    static let indexing: [FunctionType] = [
        FunctionType(
            "getitem",
            "input, index",
            spec: SpecRule { call in
                if let elements = call.values[0].elements, let place = call.int(1) {
                    let index = place < 0 ? place + elements.count : place
                    return elements.indices.contains(index) ? elements[index] : .unknown
                }
                return .unknown
            }
        ) { call in
            switch call.values[0] {
            case .tuple(let elements): try call.element(of: elements)
            case .list(let elements): try call.element(of: elements)
            case .dictionary(let elements): try call.member(of: elements)
            case .tensor(let tensor): try call.part(of: tensor)
            case .none, .bool, .integer, .float, .string, .dtype, .slice, .ellipsis:
                throw ModuleError.notSubscriptable(call.values[0].pythonType)
            }
        }
    ]
}
