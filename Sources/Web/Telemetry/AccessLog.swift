package import Logging

/// Where a line about each request goes.
package struct AccessLog: Sendable {
    /// The level of the least severe line that is written.
    let level: Logger.Level
    /// Puts a line into words; called in the turn of an event loop.
    let write: @Sendable (AccessLine) -> Void

    package init(level: Logger.Level, write: @escaping @Sendable (AccessLine) -> Void) {
        self.level = level
        self.write = write
    }
}

/// What is logged of one request: never a secret, never data of a tensor.
package struct AccessLine: Sendable {
    package let level: Logger.Level
    package let status: Int
    /// How a call of gRPC ended, whatever its HTTP status.
    package let callStatus: Int?
    /// The time from the first octet of the request to its answer.
    package let microseconds: Int
    package let method: String
    /// What the client asked for, cut after a thousand octets.
    package let target: String
    package let route: String
    package let bytesIn: Int
    package let bytesOut: Int
    package let peer: String
    /// The address of the proxy that the request came through, if one is trusted.
    package let proxy: String?
    package let requestID: String
    /// The name of the key that the client showed.
    package let key: String?
    /// The name in the certificate that the client showed.
    package let client: String?
    package let traceID: String?
}
