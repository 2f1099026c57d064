// Measures one thing, again and again, for a driver that measures others in between:
//     microbench linear float32 784 256 64 1
// Each line of input is a number of milliseconds to measure for; each line of output the nanoseconds of one
// run: by the clock on the wall, and of processors.

do {
    let subject = try Subject(arguments: CommandLine.arguments.dropFirst())
    while let line = readLine(), let milliseconds = Int(line) {
        print(try subject.measure(for: .milliseconds(milliseconds)))
        flush()
    }
} catch {
    complain("microbench: \(error)")
}
