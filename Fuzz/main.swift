// callpath-fuzz TARGET [libFuzzer's options] [corpus folders]: what script/fuzz runs.
import Glibc

/// libFuzzer's own entry point, which `-sanitize=fuzzer` links: it calls `callback` with one input after another.
@_silgen_name("LLVMFuzzerRunDriver")
private func runFuzzer(
    _ argumentCount: UnsafeMutablePointer<Int32>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ callback: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
) -> Int32

guard CommandLine.arguments.count > 1, let target = FuzzTarget(rawValue: CommandLine.arguments[1]) else {
    print(FuzzTarget.allCases.map(\.rawValue).joined(separator: "\n"))
    exit(64)
}
FuzzTarget.current = target

// libFuzzer takes the first argument for the program's name.
var arguments = CommandLine.unsafeArgv + 1
var count = CommandLine.argc - 1
exit(
    runFuzzer(&count, &arguments) { bytes, count in
        FuzzTarget.current.run(Array(UnsafeBufferPointer(start: bytes, count: count)))
        return 0
    }
)
