// Counts what the allocator is asked for, and compares it with the file of thresholds:
//     allocations                              prints the counts as a table
//     allocations --check Benchmarks/Thresholds/allocations.json
//     allocations --record Benchmarks/Thresholds/allocations.json
// Counts do not depend on what else the machine does, so they can be held to a line that times cannot.

do {
    let measured = try await Subject.all().map(Measurement.init)
    for measurement in measured { print(measurement) }
    let words = Array(CommandLine.arguments.dropFirst())
    switch (words.first, words.count) {
    case (nil, _): break
    case ("--check", 2): try Thresholds(path: words[1]).check(measured)
    case ("--record", 2): try Thresholds(measured).write(to: words[1])
    default: throw Failure("expected --check FILE or --record FILE")
    }
} catch {
    complain("allocations: \(error)")
}
