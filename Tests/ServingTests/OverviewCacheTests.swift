import Tensors
import Testing

@testable import Serving

struct OverviewCacheTests {
    private let form = TensorOverview.Form(rows: 1, columns: 1, bins: 1)

    @Test func letsSummariesGoThatWereAskedForLongestAgo() async throws {
        let cache = OverviewCache(limit: 2 * form.byteCount)
        let tensors = try (1...3).map { try Tensor([Float($0)]) }
        for tensor in tensors {
            #expect(await cache.overview(of: tensor, form).matrix == tensor.scalars(as: Float.self))
        }
        #expect(cache.byteCount == 2 * form.byteCount)
    }
}
