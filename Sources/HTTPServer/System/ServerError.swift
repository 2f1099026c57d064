/// A reason why the server cannot start.
package enum ServerError: Error, Equatable {
    /// The host's name has no address.
    case unknownHost(String, reason: String)
    /// The address is taken, forbidden, or not of this machine.
    case cannotListen(host: String, port: Int, errno: Int32)
    /// What is wrong with the second port.
    indirect case secondPort(ServerError)
    /// What is wrong with the port for operations.
    indirect case operationsPort(ServerError)
    /// The path of a Unix socket is longer than the kernel takes.
    case pathTooLong(String, limit: Int)
    /// Something that is no socket stands at the path of a Unix socket.
    case notASocket(String)
    /// Somebody serves the Unix socket at this path.
    case socketInUse(String)
    /// The path of a Unix socket cannot be had.
    case cannotListenAtPath(String, errno: Int32)
    /// A system call that has to work did not.
    case systemCall(String, Int32)
    /// `start()` was called twice, or after a shutdown.
    case alreadyStarted
}
