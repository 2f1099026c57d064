/// The PyTorch whose names, texts and graphs are given.
public enum Compatibility: String, Sendable, CaseIterable {
    /// PyTorch 2.13.
    case current = "2.13"
    /// PyTorch 1.0.1, where it differs: hook rules, names of nodes, texts, the graph of a linear call, initial values.
    case torch1_0_1 = "1.0.1"

    /// The version that the running task follows; it decides which graph `linear` records and how numbers are drawn.
    @TaskLocal public static var ambient: Compatibility = .current

    /// Runs `body` under the rules of this version.
    public func run<Value, Failure: Error>(_ body: () throws(Failure) -> Value) throws(Failure) -> Value {
        try Self.$ambient.withValue(self) { () -> Result<Value, Failure> in
            do throws(Failure) { return .success(try body()) } catch { return .failure(error) }
        }.get()
    }
}
