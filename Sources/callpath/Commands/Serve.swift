import HTTPServer
import Logging
import Logs
import Serving
import Web

/// `callpath serve`: runs the server until it is told to end.
struct Serve: Command {
    static let form = CommandForm(
        name: "serve",
        summary: "Serve modules over HTTP (the default).",
        placeholder: "[options]"
    )

    /// What follows the command; read by `GivenOptions`, so that flags, variables and docs/options.md come from one table.
    private let words: [String]

    init(_ words: [String]) { self.words = words }

    private func serve(_ configuration: Configuration) async throws {
        let log = LogQueue(format: configuration.logFormat)
        let limit = configuration.drainDelay + configuration.shutdownGrace + .seconds(1)
        let signals = await ServerSignals(limit: limit, log: log)
        do {
            try await Service(configuration, log).run(signals)
        } catch let error as ServerError {
            throw StartFailure(error)
        } catch let error as TLSError {
            throw StartFailure(error)
        }
    }

    func run() async throws {
        let given: GivenOptions
        let configuration: Configuration
        do {
            given = try GivenOptions(words: words, environment: Variables.all)
            configuration = try given.configuration()
        } catch {
            throw UsageError("\(error)")
        }
        switch given {
        case _ where given.printsHelp: try Output.say(OptionListing.help)
        case _ where given.printsTable: try Output.say(OptionListing.table)
        case _ where given.printsConfiguration: try Output.say(OptionListing.values(in: configuration))
        default: try await serve(configuration)
        }
    }
}
