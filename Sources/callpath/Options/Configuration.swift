import API
import HTTP
import HTTPServer
import Logging
import Metrics
import Serving

/// All that users can choose; each field starts with its default.
struct Configuration {
    /// Where and how to listen, and the limits of the network wing.
    var server = HTTPServer.Configuration()
    /// The limits of the registry and how it computes.
    var serving = ServingOptions()
    /// How the interface answers.
    var api = API.Options()
    /// The time that a call may wait for its turn; none if zero.
    var callTimeout = Duration.zero
    /// The file to write the port to once it is known; none if empty.
    var portFile = ""
    /// The least severe line to log.
    var logLevel = Logger.Level.info
    /// How long a server that was told to end still takes new connections, so that load balancers can notice.
    var drainDelay = Duration.zero
    /// How long requests in flight may take once the server has stopped listening.
    var shutdownGrace = Duration.seconds(20)
}

extension Configuration {
    /// How the interface answers, with the limits that it shares with others.
    var interface: API.Options {
        var options = api
        options.callTimeout = callTimeout == .zero ? nil : callTimeout
        options.maxDecodedBodyBytes = server.limits.maxDecodedBodyBytes
        return options
    }

    /// How to compute, with the hooks that log writing to `logger`.
    func serving(logger: Logger) -> ServingOptions {
        var options = serving
        options.log = { logger.log($0) }
        return options
    }

    /// How to listen; health checks are answered even when there are too many connections.
    func listening(metrics: MetricsRegistry, logger: Logger) -> HTTPServer.Configuration {
        var configuration = server
        configuration.metrics = metrics
        configuration.logger = logger
        configuration.isExempt = { request in
            request.pathOctets.elementsEqual("/livez".utf8) || request.pathOctets.elementsEqual("/readyz".utf8)
        }
        return configuration
    }
}
