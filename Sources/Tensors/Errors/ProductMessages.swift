extension TensorError {
    /// The text of an error in a product of matrices; `nil` for the others.
    var productMessage: String? {
        switch self {
        case .productNeedsAxes(let operation, let first, let second):
            Self.needsAxes(operation, first, second)
        case .productShapes(let rows, let inner, let otherInner, let columns):
            "mat1 and mat2 shapes cannot be multiplied (\(rows)x\(inner) and \(otherInner)x\(columns))"
        case .dotShapes(let first, let second):
            "inconsistent tensor size, expected tensor [\(first)] and src [\(second)] to have the same number of "
                + "elements, but got \(first) and \(second) elements respectively"
        case .matrixVectorShapes(let rows, let columns, let vector):
            "size mismatch, got input (\(rows)), mat (\(rows)x\(columns)), vec (\(vector))"
        case .batchedProductShapes(let expected, let got):
            "Expected size for first two dimensions of batch2 tensor to be: \(expected) but got: \(got)."
        case .weightNotMatrix(let rank): "mat2 must be a matrix, got \(rank)-D tensor"
        case .weightRank(let rank): "t() expects a tensor with <= 2 dimensions, but self is \(rank)D"
        case .productTypes(let product, let first, let second): Self.types(of: product, first, second)
        case .bilinear(let problem): Self.text(of: problem)
        default: nil
        }
    }

    private static func types(of product: Product, _ first: DType, _ second: DType) -> String {
        switch product {
        case .matrices:
            "expected m1 and m2 to have the same dtype, but got: \(first.cName) != \(second.cName)"
        case .dot:
            "dot : expected both vectors to have same dtype, but found \(first.scalarName) and \(second.scalarName)"
        case .matrixVector:
            "addmv input tensors must have the same dtype, but got \(second.scalarName), \(first.scalarName), "
                + "and \(second.scalarName)"
        case .batched: "expected scalar type \(first.scalarName) but found \(second.scalarName)"
        case .linearMatrix, .linearFolded:
            "mat1 and mat2 must have the same dtype, but got \(first.scalarName) and \(second.scalarName)"
        case .linearBias:
            "self and mat2 must have the same dtype, but got \(first.scalarName) and \(second.scalarName)"
        }
    }

    private static func text(of problem: BilinearProblem) -> String {
        switch problem {
        case .ranks(let first, let second):
            "bilinear(): input dimensions do not match: got \(first) and \(second)"
        case .batch(let dimension, let first, let second):
            "bilinear(): input batch dimensions do not match at dim \(dimension): got \(first) and \(second)"
        case .input(let number, let got, let expected):
            "bilinear(): input\(number) size does not match weight size: got \(got) but expected \(expected)"
        case .bias(let got, let expected):
            "bilinear(): bias size does not match weight size: got \(got) but expected \(expected)"
        case .weightRank(let rank):
            "bilinear(): expected weight to be a 3-dimensional tensor, got \(rank)-dimensional"
        case .types(let input1, let input2, let weight, let bias):
            "All tensors must have the same dtype, got input1: \(input1.cName), input2: \(input2.cName), "
                + "weight: \(weight.cName)" + (bias.map { ", bias: \($0.cName)" } ?? "")
        }
    }
}
