import OrderedCollections
import Tensors

extension CallMeter {
    /// Counts the elements that an operation is going to read.
    static func read(_ value: Value) throws(TensorError) {
        switch value {
        case .tensor(let tensor): try chargeElements(tensor.elementCount)
        case .tuple(let elements), .list(let elements): for element in elements { try read(element) }
        case .dictionary(let elements): for element in elements.values { try read(element) }
        case .none, .bool, .integer, .float, .string, .dtype, .slice, .ellipsis: break
        }
    }

    /// What a window of so many numbers costs.
    static func windows(of count: Int) -> Int {
        let (cost, overflow) = count.multipliedReportingOverflow(by: windowCost)
        return overflow ? .max : cost
    }
}
