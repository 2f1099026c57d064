import HTTP

/// The server's timeouts in nanoseconds: converting a `Duration` at each event shows in a profile.
struct Timeouts {
    let handshake, head, bodyIdle, body, idle, write, lingerIdle, linger: Int64

    init(_ limits: ServerLimits) {
        handshake = limits.handshakeTimeout.nanoseconds
        head = limits.headTimeout.nanoseconds
        bodyIdle = limits.bodyIdleTimeout.nanoseconds
        body = limits.bodyTimeout.nanoseconds
        idle = limits.idleTimeout.nanoseconds
        write = limits.writeTimeout.nanoseconds
        lingerIdle = limits.lingerIdleTimeout.nanoseconds
        linger = limits.lingerTimeout.nanoseconds
    }
}
