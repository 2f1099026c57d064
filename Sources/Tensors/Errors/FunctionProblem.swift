/// A way in which a function of tensors cannot be applied.
public enum FunctionProblem: Sendable, Equatable {
    case noAttribute(String)

    // Element by element.
    case integerDivisionByZero
    case numberDivisionByZero
    case numberOverflow
    case roundingMode(String)
    case geluFormula(String)
    case negativeIntegerPower
    case fractionalAlpha
    case booleanAlpha
    case conditionType(DType)
    case maskType(DType)
    case fillingRank(Int)
    case floatOverflow(DType)
    case clampWithoutBounds
    case lerpType(String, DType, expected: DType)
    case integerAddcdiv

    // Reducing.
    case repeatedDimension(Int)
    case meanType(DType)
    case noBools(String)
    case emptyPlaces(String)
    case emptyExtreme(String)
    case uniqueOfNothing
    case uniqueOfEmpty
    case emptyDimension(String, Int)
    case varianceType
    case normType(DType)
    case normResultType(DType)
    case narrowedNorm(DType, DType)
    case emptyNorm(Double)
    case emptyNormDimension(Double, Int)

    // Shaping.
    case viewAcrossSteps
    case permutationLength(Int, Int)
    case repeatedPermutation
    case movedCounts([Int], [Int])
    case repeatedMove(String, [Int])
    case narrowScalar
    case narrowLength
    case narrowStart(Int, size: Int)
    case selectScalar
    case selectIndex(Int, shape: [Int], dimension: Int)
    case noAxes(String)
    case negativeSplit(Int)
    case emptySplit(Int)
    case negativeSplits([Int])
    case splitSum([Int], size: Int, dimension: Int)
    case chunkCount(Int)
    case noDimension
    case diagonalAxes(Int, Int)
    case unflattenWithoutSizes
    case unflattenSizes([Int], size: Int, dimension: Int)
    case expandedLeading(Int, Int)
    case repeatAxes
    case scalarConcatenation(Int)
    case emptyStack
    case stackedShapes([Int], [Int], Int)
    case triangleRank(String)

    // Indexing.
    case indexedScalar
    case slicedScalar
    case tooManyIndices(Int)
    case sliceStepZero
    case sliceStepNegative
    case indexType
    case emptyIndexed
    case wrongIndex(String)
    case indexShapes([[Int]])
    case indexPutType(DType, DType)
    case indexPutShape([Int], [Int])
    case maskShape([Int], Int, shape: [Int], at: Int)
    case gatherIndexType(String)
    case gatherRank(String)
    case gatherSize([Int], [Int], dimension: Int, at: Int)
    case gatherBounds(Int, dimension: Int, size: Int)
    case scatterType
    case scatterSize([Int], [Int], Int, [Int]?)
    case indexSelectRank
    case indexSelectType
    case indexSelectScalar(Int)
    case indexSelectBounds(Int, Int)
    case takeIndexType(DType)
    case takeRanks(Int, Int)
    case maskedSelectType
    case rollWithoutShifts
    case rollScalar(Int)
    case rollCounts(Int, Int)
    case negativeRepeats(String)
    case repeatsRank
    case repeatsSize(Int, Int)
    case oddPadding
    case paddingLength(Int, Int)
    case paddingValue(String)
    case paddingSize(Int, Int)
    case reflection(Int, Int, Int, [Int])
    case wrapping
    case emptyCircle
    case paddedAway(Int, Int)
    case paddingMode(String)

    // Making.
    case rangeStep
    case truncatedRangeStep
    case rangeBounds(Double, Double)
    case rangeDirection
    case rangeSize
    case negativeSteps
    case eyeSize(String, Int)
    case oneHotType
    case oneHotEmpty
    case oneHotNegative
    case oneHotClass

    // Sorting.
    case topKBool
    case searchedScalar(Int, Int, Int)
    case searchedShapes([Int], [Int])
    case boundariesRank(Int)
    case unknownSide(String)
    case oppositeSides

    // Products.
    case notMatrix(String)
    case notMatrixAndVector(Int, Int)
    case notVectors(Int, Int)
    case notStack(String)
    case stackTypes(DType, DType, DType)
    case notVector(String, Int)
    case einsum(String)
    case attentionTypes(DType, DType, DType)
    case attentionRanks(Int, Int, Int)
    case attentionMaskType(DType, DType)
    case attentionMaskTwice
    case attentionHeads
    case cosineType(DType)
}
