/// The PyTorch whose names, texts and graphs are given.
public enum Compatibility: String, Sendable, CaseIterable {
    /// PyTorch 2.13.
    case current = "2.13"
    /// PyTorch 1.0.1, where it differs: names of nodes, error texts, the graph of a linear call.
    case torch1_0_1 = "1.0.1"

    /// The version that the running call follows; it decides which graph `linear` records.
    @TaskLocal public static var ambient: Compatibility = .current
}
