extension Duration {
    /// The whole duration in nanoseconds; beyond 292 years, that many.
    package var wholeNanoseconds: Int { Int(clamping: attoseconds / 1_000_000_000) }

    /// The whole duration in microseconds.
    package var wholeMicroseconds: Int { wholeNanoseconds / 1_000 }

    /// The whole duration in milliseconds.
    package var wholeMilliseconds: Int { wholeNanoseconds / 1_000_000 }

    /// The whole duration in seconds.
    package var wholeSeconds: Int { Int(clamping: components.seconds) }
}
