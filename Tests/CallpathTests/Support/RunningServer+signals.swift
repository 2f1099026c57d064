import Foundation

extension RunningServer {
    /// Sends a signal.
    func send(_ signal: Int32) { kill(processIdentifier, signal) }
}
