import API
import HTTP
import HTTPServer

/// The options of `callpath serve`, in the order of the README's table.
enum OptionTable {
    static let options = listening + network + registry + computing + answers

    private static let listening: [ServeOption] = [
        ServeOption("host", "address to listen on", \.server.host),
        ServeOption("port", "port to listen on; 0 takes a free one", \.server.port, .within(0...65_535)),
        ServeOption("port-file", "file to write the port to", \.portFile),
        ServeOption("log-level", "least severe line to log, to standard error", \.logLevel),
        ServeOption("drain-delay", "time to go on accepting after SIGTERM, while /readyz is 503", \.drainDelay),
        ServeOption("shutdown-grace", "time for requests in flight to finish", \.shutdownGrace),
        ServeOption("loops", "event loops", \.server.loopCount, .atLeast(1), shown: "one per core"),
        ServeOption(
            "polling",
            "time a loop polls on before it sleeps",
            \.server.polling,
            shown: "50us, 0s on one core"
        ),
        ServeOption("backlog", "connections waiting to be accepted", \.server.backlog, .atLeast(1)),
    ]

    private static let answers: [ServeOption] = [
        .bytes("max-answer-bytes", "a JSON answer", \.api.maxAnswerBytes),
        ServeOption("non-finite", "NaN and infinity in JSON answers", \.api.nonFinite),
        ServeOption("heartbeat", "time after which a silent stream of events sends a comment", \.api.heartbeat),
    ]
}
