/// How the registry computes; every field is an option of the server.
package struct ServingOptions: Sendable {
    /// What may be held.
    package var limits = ServingLimits()
    /// Multiply-adds up to which a call runs where it was made, instead of on the compute queue.
    ///
    /// Default 2^20.
    package var inlineWork = 1 << 20
    /// Batches that the compute queue computes at once; 0 takes the number of cores.
    ///
    /// Default 0.
    package var computeWidth = 0
    /// Rows that calls joined into one batch may have together; 1 joins none.
    ///
    /// Default 256.
    package var maxBatchRows = 256
    /// How long the compute queue waits for company for a call that is alone.
    ///
    /// Default none.
    package var batchDelay = Duration.zero
    /// What `log` hooks call.
    package var log: @Sendable (HookLogLine) -> Void = { _ in }
    /// What is told of each module that turns out to be damaged: its name, and why.
    package var damageFound: @Sendable (_ name: String, _ reason: String) -> Void = { _, _ in }
    /// What is told of the way to a shared store.
    package var storeNews: @Sendable (StoreNews) -> Void = { _ in }

    package init() {}
}
