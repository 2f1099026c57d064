import Serving

extension OptionTable {
    /// The limits of `ServingLimits`.
    static let registry: [ServeOption] = [
        ServeOption("max-modules", "registered modules", \.serving.limits.maxModules, .atLeast(1)),
        .bytes("max-bytes", "all modules: parameters, packed weights, 1 KiB an object", \.serving.limits.maxBytes),
        .bytes("max-parameter-bytes", "one parameter", \.serving.limits.maxParameterBytes),
        .bytes("max-tensor-bytes", "one tensor in a call", \.serving.limits.maxTensorBytes),
        ServeOption("max-tree-depth", "modules from a root to a leaf", \.serving.limits.maxTreeDepth, .within(1...100)),
        ServeOption("max-tree-modules", "modules of one tree", \.serving.limits.maxTreeModules, .atLeast(1)),
        ServeOption("max-graph-nodes", "nodes of the graphs of one tree", \.serving.limits.maxGraphNodes, .atLeast(1)),
        ServeOption(
            "max-call-nodes",
            "modules and nodes that one call runs",
            \.serving.limits.maxCallNodes,
            .atLeast(1)
        ),
        .bytes("max-call-bytes", "the values of one call that live at once", \.serving.limits.maxCallBytes),
        ServeOption("max-call-work", "multiply-adds of one call", \.serving.limits.maxCallWork, .atLeast(1)),
        ServeOption("max-hooks", "hooks of one module, and global hooks", \.serving.limits.maxHooks, .atLeast(0)),
        ServeOption("max-hooks-per-call", "hooks that one call brings", \.serving.limits.maxHooksPerCall, .atLeast(0)),
        .bytes("max-capture-bytes", "what the hooks of one call capture", \.serving.limits.maxCaptureBytes),
        .bytes("max-hook-bytes", "what registered hooks keep", \.serving.limits.maxHookBytes),
        ServeOption("kept-versions", "versions that stay callable", \.serving.limits.keptVersions, .atLeast(1)),
        .bytes("max-kept-version-bytes", "what only earlier versions hold", \.serving.limits.maxKeptVersionBytes),
        .bytes("max-summary-bytes", "summaries of tensors kept for who asks again", \.serving.limits.maxSummaryBytes),
        ServeOption("max-listeners", "streams of events at once", \.serving.limits.maxListeners, .atLeast(0)),
        ServeOption(
            "max-pending-events",
            "events waiting for a slow listener",
            \.serving.limits.maxPendingEvents,
            .atLeast(1)
        ),
        .bytes(
            "max-pending-event-bytes",
            "captures waiting for a slow listener",
            \.serving.limits.maxPendingEventBytes
        ),
    ]

    /// The fields of `ServingOptions`.
    static let computing: [ServeOption] = [
        ServeOption("inline-work", "multiply-adds up to which a call runs at once", \.serving.inlineWork, .atLeast(0)),
        ServeOption("compute-width", "threads of the compute queue; 0: by cores", \.serving.computeWidth, .atLeast(0)),
        ServeOption("kernels", "instruction set of the matrix kernels, to force one", \.kernels),
        ServeOption("max-batch-rows", "rows of calls joined into one batch", \.serving.maxBatchRows, .atLeast(1)),
        ServeOption("batch-delay", "time a call waits for others to join it", \.serving.batchDelay),
        ServeOption("max-queued-calls", "calls waiting to be computed", \.serving.limits.maxQueuedCalls, .atLeast(1)),
        .bytes("max-queued-bytes", "inputs waiting to be computed", \.serving.limits.maxQueuedBytes),
        ServeOption("call-timeout", "time a call may wait for its turn; 0s is no bound", \.callTimeout),
    ]
}
