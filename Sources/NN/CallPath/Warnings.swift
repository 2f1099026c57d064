#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Where warnings go.
public enum Warnings {
    /// Runs `body`, which cannot wait, and gives its warnings to `handler`; without one they go to standard error.
    public static func handled<Result>(
        by handler: @escaping @Sendable (Warning) -> Void,
        _ body: () throws -> Result
    ) rethrows -> Result {
        try CallContext(warned: handler).run(body)
    }

    static func emit(_ warning: Warning) {
        guard let handler = CallContext.current?.warned else {
            var line = "UserWarning: \(warning.message)\n"
            return line.withUTF8 { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
        }
        handler(warning)
    }
}
