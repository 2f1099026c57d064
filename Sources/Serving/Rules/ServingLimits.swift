package import Models

/// How much the registry and its calls may hold; whatever goes beyond is refused before memory is taken.
package struct ServingLimits: Sendable {
    /// Registered modules.
    ///
    /// Default 1,000.
    package var maxModules = 1_000
    /// Bytes of all parameters and buffers, shared ones once, of the packed copies of linear weights, and of the objects
    /// that hold them: 1 KiB for each module, parameter and buffer, and the modules' keys and paths.
    ///
    /// Default 1 GiB.
    package var maxBytes = 1 << 30
    /// Bytes of one parameter or buffer.
    ///
    /// Default 512 MiB.
    package var maxParameterBytes = 512 << 20
    /// Modules on the way from the root to a leaf.
    ///
    /// Default 32.
    package var maxTreeDepth = 32
    /// Modules in one tree, references included.
    ///
    /// Default 4,096.
    package var maxTreeModules = 4_096
    /// Nodes of the graphs of one tree.
    ///
    /// Default 16,384.
    package var maxGraphNodes = 16_384
    /// Modules and nodes that one call runs, those of a child once for each node that calls it.
    ///
    /// Default 65,536.
    package var maxCallNodes = 65_536
    /// Bytes of the values of one call that live at once.
    ///
    /// Default 1 GiB.
    package var maxCallBytes = 1 << 30
    /// Multiply-adds, or elements read, of one call.
    ///
    /// Default 10^12.
    package var maxCallWork = 1_000_000_000_000
    /// Bytes of one tensor that a call makes on its way.
    ///
    /// Default 1 GiB.
    package var maxTensorBytes = 1 << 30
    /// Hooks on one registered module and its own children, and global hooks.
    ///
    /// Default 64.
    package var maxHooks = 64
    /// Hooks that one call brings along.
    ///
    /// Default 64.
    package var maxHooksPerCall = 64
    /// Bytes of the tensors that hooks of one call capture.
    ///
    /// Default 64 MiB.
    package var maxCaptureBytes = 64 << 20
    /// Bytes of the tensors that registered hooks keep, captures and values together.
    ///
    /// Default 256 MiB.
    package var maxHookBytes = 256 << 20
    /// Versions of a module that stay callable, the current one included.
    ///
    /// Default 2.
    package var keptVersions = 2
    /// Bytes that only versions before the current ones hold.
    ///
    /// Default 256 MiB.
    package var maxKeptVersionBytes = 256 << 20
    /// Calls waiting in the compute queue.
    ///
    /// Default 1,024.
    package var maxQueuedCalls = 1_024
    /// Bytes of the inputs waiting in the compute queue.
    ///
    /// Default 256 MiB.
    package var maxQueuedBytes = 256 << 20
    /// Listeners to events at once.
    ///
    /// Default 64.
    package var maxListeners = 64
    /// Bytes of summaries of tensors that are kept for those who ask again.
    package var maxSummaryBytes = 16 << 20
    /// Events that wait for one slow listener; beyond, the oldest go.
    ///
    /// Default 256.
    package var maxPendingEvents = 256
    /// Bytes of captured tensors that wait for one slow listener.
    ///
    /// Default 8 MiB.
    package var maxPendingEventBytes = 8 << 20

    package init() {}

    /// How large a tree may be that a description asks for.
    package var descriptions: DescriptionLimits {
        DescriptionLimits(
            maxBytes: maxBytes,
            maxParameterBytes: maxParameterBytes,
            maxTreeDepth: maxTreeDepth,
            maxTreeModules: maxTreeModules
        )
    }
}
