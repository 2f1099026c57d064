import NN
import Tensors

/// What is measured: one closure, prepared beforehand, in the mode that a measurement sets.
struct Subject {
    private let run: () throws -> Void
    private let mode: (() throws -> Measurement) throws -> Measurement

    enum Failure: Error { case usage(String) }

    private static let usage = """
        expected: linear DTYPE INPUTS OUTPUTS ROWS THREADS | read INPUTS OUTPUTS | parse COUNT | write COUNT \
        | parse-doubles COUNT | write-doubles COUNT | forward | call | hooked | frozen | unrecorded | recorded \
        | untraced | traced | uniform COUNT | normal COUNT | network NAME BATCH THREADS [FILE] | nodes LINK COUNT \
        | calls LINK COUNT
        """

    /// Prepares the subject that the command line names.
    init(arguments: some Collection<String>) throws {
        let numbers = arguments.compactMap(Int.init)
        mode = Self.mode(of: arguments.first ?? "")
        switch (arguments.first, numbers.count) {
        case ("linear", 4):
            let dtype = arguments.dropFirst().first.flatMap(DType.init(rawValue:)) ?? .float32
            run = try Self.linear(dtype, numbers[0], numbers[1], rows: numbers[2], threads: numbers[3])
        case ("read", 2): run = Self.read(numbers[0] * numbers[1])
        case ("parse", 1): run = try Self.parse(numbers[0])
        case ("write", 1): run = try Self.write(numbers[0])
        case ("parse-doubles", 1): run = try Self.parseDoubles(numbers[0])
        case ("write-doubles", 1): run = try Self.writeDoubles(numbers[0])
        case ("forward", 0): run = try Self.call { layer, input in try layer.forward(input) }
        case ("call", 0): run = try Self.call { layer, input in try layer(input) }
        case ("hooked", 0): run = try Self.hookedCall()
        case ("frozen", 0): run = try Self.call(requiringGrad: false) { layer, input in try layer(input) }
        case ("untraced", 0): run = try Self.callAfterATrace()
        case ("unrecorded", 0), ("recorded", 0), ("traced", 0):
            run = try Self.call { layer, input in try layer(input) }
        case ("network", 2):
            let words = Array(arguments)
            let file = words.count > 4 ? words[4] : nil
            run = try Self.network(words[1], batch: numbers[0], threads: numbers[1], file: file)
        case ("nodes", 1), ("calls", 1):
            let words = Array(arguments)
            run = try Self.chain(words[1], numbers[0], asGraph: words[0] == "nodes")
        case ("uniform", 1): run = { _ = try Tensor.uniform([numbers[0]], generator: .default) }
        case ("normal", 1): run = { _ = try Tensor.normal([numbers[0]], generator: .default) }
        default: throw Failure.usage(Self.usage)
        }
    }

    /// Returns the nanoseconds of one run, measured for about `duration`.
    func measure(for duration: Duration) throws -> Measurement {
        try mode {
            let clock = ContinuousClock()
            let (start, startOfWork) = (clock.now, processorNanoseconds())
            var (runs, batch, elapsed) = (0, 1, Duration.zero)
            while elapsed < duration {
                for _ in 0..<batch { try run() }
                runs += batch
                elapsed = start.duration(to: clock.now)
                if elapsed < duration / 16 { batch *= 2 }
            }
            return Measurement(
                wall: elapsed / .nanoseconds(1) / Double(runs),
                processor: (processorNanoseconds() - startOfWork) / Double(runs)
            )
        }
    }
}

/// The nanoseconds of one run.
struct Measurement: CustomStringConvertible {
    /// What a clock on the wall says, other processes' turns included.
    let wall: Double
    /// The time of all processors on this process.
    let processor: Double

    var description: String { "\(wall) \(processor)" }
}
