internal import CThread

/// The PyTorch whose names, texts and graphs are given.
public enum Compatibility: String, Sendable, CaseIterable {
    /// PyTorch 2.13.
    case current = "2.13"
    /// PyTorch 1.0.1, where it differs: hook rules, names of nodes, texts, the graph of a linear call, initial values.
    case torch1_0_1 = "1.0.1"

    /// The version that the running call follows; it decides which graph `linear` records and how numbers are drawn.
    public static var ambient: Compatibility {
        cthread_running_call().pointee.follows_torch_1_0_1 ? .torch1_0_1 : .current
    }

    /// Runs `body`, which cannot wait, under the rules of this version.
    public func run<Value, Failure: Error>(_ body: () throws(Failure) -> Value) throws(Failure) -> Value {
        let call = cthread_running_call()
        let outer = call.pointee.follows_torch_1_0_1
        defer { call.pointee.follows_torch_1_0_1 = outer }
        call.pointee.follows_torch_1_0_1 = self == .torch1_0_1
        return try body()
    }
}
