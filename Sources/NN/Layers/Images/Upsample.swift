public import Tensors

/// Images made larger or smaller.
///
/// Input: `[N, C, *sizes]` of one to three sizes. Output: `[N, C, *sizes]`.
public class Upsample: Module {
    public final override var forwardOwner: String { "Upsample" }

    /// The sizes of the output; a number is that of all axes.
    public final let size: AxisSizes?
    /// How many times the input's sizes.
    public final let scaleFactor: AxisFactors?
    /// What a new number is made of: `nearest`, `linear` and so on.
    public final let mode: String
    /// Whether the corners of both images are the same points; `nil` is no, and the only one where it has no meaning.
    public final let alignCorners: Bool?
    /// Whether the factors are computed anew from the sizes.
    public final let recomputeScaleFactor: Bool?

    /// Creates a layer.
    public required init(
        size: AxisSizes? = nil,
        scaleFactor: AxisFactors? = nil,
        mode: String = "nearest",
        alignCorners: Bool? = nil,
        recomputeScaleFactor: Bool? = nil
    ) {
        (self.size, self.scaleFactor, self.mode) = (size, scaleFactor, mode)
        (self.alignCorners, self.recomputeScaleFactor) = (alignCorners, recomputeScaleFactor)
    }

    public final override func forward(_ input: Tensor) throws -> Tensor {
        let named = Interpolation.Mode(rawValue: mode)
        let aligns = named.map { ![.nearest, .nearestExact, .area].contains($0) } ?? false
        if alignCorners != nil, !aligns, named != nil || mode == "lanczos" { throw ModuleError.layer(.alignedCorners) }
        let target = try target(axes: max(input.rank - 2, 0))
        guard let named else { throw TensorError.layer(.interpolatedRank(rank: input.rank, mode: mode)) }
        let interpolation = Interpolation(
            named,
            target,
            alignsCorners: alignCorners ?? false,
            recomputesFactors: recomputeScaleFactor ?? false
        )
        return try input.interpolated(interpolation)
    }

    private func target(axes: Int) throws -> Interpolation.Target {
        switch (size, scaleFactor) {
        case (nil, nil): throw ModuleError.layer(.noSizeOrFactor)
        case (_?, _?): throw ModuleError.layer(.sizeAndFactor)
        case (.all(let size)?, nil): return .sizes([Int](repeating: size, count: axes))
        case (.each(let sizes)?, nil): return .sizes(sizes)
        case (nil, .all(let factor)?): return .factors([Double](repeating: factor, count: axes))
        case (nil, .each(let factors)?): return .factors(factors)
        }
    }

    public final override var extraRepr: String {
        let target = scaleFactor.map { "scale_factor=\($0)" } ?? "size=\(size.pythonText)"
        return "\(target), mode='\(mode)'"
    }

    override final var oldExtraRepr: String {
        let target = scaleFactor.map { "scale_factor=\($0)" } ?? "size=\(size.pythonText)"
        return "\(target), mode=\(mode)"
    }

    public final override var attributeNames: Set<String> {
        ["name", "size", "scale_factor", "mode", "align_corners", "recompute_scale_factor"]
    }

    public final override func outputSpec(for inputs: [ValueSpec]) -> ValueSpec {
        guard let rank = inputs.first?.tensor?.rank, (3...5).contains(rank),
            let target = try? target(axes: rank - 2)
        else { return .unknown }
        switch target {
        case .sizes(let sizes) where sizes.count == rank - 2:
            return .images(inputs, axes: rank - 2, sizes: { _ in sizes.map(Extent.fixed) })
        case .factors(let factors) where factors.count == rank - 2:
            return .images(inputs, axes: rank - 2, sizes: { zip($0, factors).map { $0.times($1) } })
        case .sizes, .factors: return .unknown
        }
    }

    public final override func emptyCopy() throws -> Module {
        Self(
            size: size,
            scaleFactor: scaleFactor,
            mode: mode,
            alignCorners: alignCorners,
            recomputeScaleFactor: recomputeScaleFactor
        )
    }
}

extension Extent {
    /// Returns the whole part of the product; unknown when it is no size.
    fileprivate func times(_ factor: Double) -> Extent {
        guard let number else { return .unknown }
        let product = (Double(number) * factor).rounded(.down)
        return product >= 0 ? Int(exactly: product).map(Extent.fixed) ?? .unknown : .unknown
    }
}

/// Images made larger by the nearest pixels: `Upsample` under an old name.
public final class UpsamplingNearest2d: Upsample {}

/// Images made larger between their pixels, corners on corners: `Upsample` under an old name.
public final class UpsamplingBilinear2d: Upsample {}

extension ModuleType {
    /// Images made larger or smaller.
    static let upsamples: [ModuleType] = [
        upsample, old(UpsamplingNearest2d.self, mode: "nearest", alignsCorners: nil),
        old(UpsamplingBilinear2d.self, mode: "bilinear", alignsCorners: true),
    ]

    private static let upsample = ModuleType(
        "Upsample",
        parameters: [
            ModuleParameter("size", .optionalSizes, Value.none),
            ModuleParameter("scale_factor", .optionalNumbers, Value.none),
            ModuleParameter("mode", .text, "nearest"), ModuleParameter("align_corners", .optionalFlag, Value.none),
            ModuleParameter("recompute_scale_factor", .optionalFlag, Value.none),
        ],
        make: { given, _, _ in
            Upsample(
                size: given.optionalAxisSizes("size"),
                scaleFactor: given.optionalFactors("scale_factor"),
                mode: given.text("mode"),
                alignCorners: given.optionalFlag("align_corners"),
                recomputeScaleFactor: given.optionalFlag("recompute_scale_factor")
            )
        }
    )

    private static func old(_ kind: Upsample.Type, mode: String, alignsCorners: Bool?) -> ModuleType {
        ModuleType(
            "\(kind)",
            parameters: [
                ModuleParameter("size", .optionalSizes, Value.none),
                ModuleParameter("scale_factor", .optionalNumbers, Value.none),
            ],
            make: { given, _, _ in
                kind.init(
                    size: given.optionalAxisSizes("size"),
                    scaleFactor: given.optionalFactors("scale_factor"),
                    mode: mode,
                    alignCorners: alignsCorners,
                    recomputeScaleFactor: nil
                )
            }
        )
    }
}
