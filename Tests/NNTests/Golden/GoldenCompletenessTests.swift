import Testing

/// No golden case may be skipped: what the tables of the other suites name must be the whole fixture.
struct GoldenCompletenessTests {
    @Test func coversEveryCaseOfTheFixtureOnce() {
        let tested: [String] =
            GoldenLinearTests.layers.map(\.id) + ["A01", "A07", "C11", "C12", "E01", "E02", "E03", "E04"]
            + GoldenDrawTests.modules.map(\.id) + ["B12", "B13"]
            + GoldenModuleTests.modules.map(\.id) + ["D17", "D19", "E05", "E06", "E07"]
            + GoldenOptimizerTests.optimizers.map(\.id)
            + Array(GoldenTextTests.texts.keys) + Array(GoldenTextTests.errors.keys)
        #expect(tested.sorted() == GoldenCase.all.map(\.id).sorted())
        #expect(GoldenCase.all.count == 110)
    }
}
