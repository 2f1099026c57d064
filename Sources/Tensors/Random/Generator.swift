import Synchronization

/// A source of random numbers that gives, for a seed, the bits that PyTorch 2 gives on x86-64 after `torch.manual_seed`.
///
/// There is one stream: whoever draws moves it on. Draws of several tasks never mix within one tensor.
public final class Generator: Sendable {
    private let stream: Mutex<RandomStream>
    /// Whether what is drawn stays unfilled, since its elements come from elsewhere.
    package let isIdle: Bool

    /// Creates a generator that starts where `torch.manual_seed(seed)` does.
    ///
    /// PyTorch's seeds reach from -2^63 to 2^64 - 1; a negative one is given by its bit pattern.
    public init(seed: UInt64) {
        stream = Mutex(RandomStream(seed: seed))
        isIdle = false
    }

    private init(isIdle: Bool) {
        stream = Mutex(RandomStream(seed: 0))
        self.isIdle = isIdle
    }

    /// A generator for modules whose tensors come from elsewhere: what it draws has a shape, and takes no time and no memory.
    package static let idle = Generator(isIdle: true)

    /// Creates a generator with a seed from the system.
    public convenience init() {
        self.init(seed: .random(in: 0 ... .max))
    }

    /// The generator that draws take if they are given none.
    public static let `default` = Generator()

    /// The seed that the stream started from.
    public var seed: UInt64 { stream.withLock { $0.seed } }

    /// Starts the stream of `seed` over, as `torch.manual_seed` does.
    public func reseed(_ seed: UInt64) {
        stream.withLock { $0 = RandomStream(seed: seed) }
    }

    /// Calls `body` with the stream, which no one else moves meanwhile.
    func withStream<Result>(_ body: (inout sending RandomStream) -> Result) -> Result {
        stream.withLock { stream in body(&stream) }
    }
}
