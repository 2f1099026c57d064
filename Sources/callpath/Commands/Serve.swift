import ArgumentParser
import FoundationEssentials
import HTTPServer
import Logging
import Logs
import Serving
import Web

/// `callpath serve`: runs the server until it is told to end.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Serve modules over HTTP (the default).",
        usage: "callpath serve [options]",
        discussion: "`callpath serve --help` lists the options.",
        helpNames: []
    )

    /// What follows the command; read by `GivenOptions`, so that flags, variables and docs/options.md come from one table.
    @Argument(parsing: .captureForPassthrough, help: "Options.")
    var words: [String] = []

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

    /// Says what is wrong with the options, and how the command is used.
    private static func usageFailure(_ words: String) -> ExitCode {
        let text = """
            Error: \(words)
            Usage: callpath serve [options]
              See 'callpath serve --help' for the options.

            """
        _ = StandardError.write(Array(text.utf8))
        return .validationFailure
    }

    func run() async throws {
        let given: GivenOptions
        let configuration: Configuration
        do {
            given = try GivenOptions(words: words, environment: ProcessInfo.processInfo.environment)
            configuration = try given.configuration()
        } catch {
            throw Self.usageFailure("\(error)")
        }
        switch given {
        case _ where given.printsHelp: print(OptionListing.help)
        case _ where given.printsTable: print(OptionListing.table)
        case _ where given.printsConfiguration: print(OptionListing.values(in: configuration))
        default: try await serve(configuration)
        }
    }
}
