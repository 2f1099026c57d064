import Tensors

extension FunctionType {
    /// Questions about elements, and choices by their answers.
    static let comparing: [FunctionType] =
        Tensor.Comparison.allCases.map(comparison) + Tensor.Logic.allCases.flatMap(logic) + choices

    private static func comparison(_ comparison: Tensor.Comparison) -> FunctionType {
        FunctionType(comparison.rawValue, "input, other", spec: .pair(dtype: .bool)) { call in
            if let first = call.values[0].asNumber, let second = call.values[1].asNumber {
                return .bool(try Tensor.compare(comparison, .number(first), .number(second)).item() != 0)
            }
            return .tensor(try .compare(comparison, call.operand(0), call.operand(1)))
        }
    }

    private static func logic(_ logic: Tensor.Logic) -> [FunctionType] {
        [
            FunctionType("logical_" + logic.rawValue, "input, other", spec: .pair(dtype: .bool)) { call in
                .tensor(try .logical(logic, call.tensor(0), call.tensor(1)))
            },
            FunctionType("bitwise_" + logic.rawValue, "input, other", spec: .pair()) { call in
                .tensor(try .bitwise(logic, call.operand(0), call.operand(1)))
            },
        ]
    }

    private static let choices: [FunctionType] = [
        FunctionType("where", "condition, input, other", spec: .all(0...2)) { call in
            .tensor(try .where(call.tensor(0), call.operand(1), call.operand(2)))
        },
        FunctionType("masked_fill", "input, mask, value", spec: .all(0...1)) { call in
            .tensor(try call.tensor(0).maskedFill(call.tensor(1), call.operand(2)))
        },
        FunctionType("clamp", "input, min=None, max=None", spec: .all(0...2)) { call in
            .tensor(try call.tensor(0).clamp(min: call.optionalOperand(1), max: call.optionalOperand(2)))
        },
        FunctionType("minimum", "input, other", spec: .pair()) { call in
            .tensor(try .minimum(call.tensor(0), call.tensor(1)))
        },
        FunctionType("maximum", "input, other", spec: .pair()) { call in
            .tensor(try .maximum(call.tensor(0), call.tensor(1)))
        },
        FunctionType("lerp", "input, end, weight", spec: .all(0...2)) { call in
            .tensor(try call.tensor(0).lerp(call.tensor(1), call.operand(2)))
        },
        FunctionType("addcmul", "input, tensor1, tensor2, *, value=1", spec: .all(0...2)) { call in
            .tensor(try call.tensor(0).addcmul(call.tensor(1), call.tensor(2), value: call.number(3)))
        },
        FunctionType("addcdiv", "input, tensor1, tensor2, *, value=1", spec: .all(0...2)) { call in
            .tensor(try call.tensor(0).addcdiv(call.tensor(1), call.tensor(2), value: call.number(3)))
        },
    ]
}

extension SpecRule {
    /// Several operands, element by element; of their dtype if they all have one.
    static func all(_ indices: ClosedRange<Int>) -> SpecRule {
        SpecRule { call in
            var spec = TensorSpec.broadcast(call.values[indices].flatMap(\.tensors))
            if !(spec.dtype?.isFloatingPoint ?? false) { spec.dtype = nil }
            return .tensor(spec)
        }
    }
}
