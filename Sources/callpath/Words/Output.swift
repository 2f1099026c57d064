import Glibc

/// Standard output of a command: what cannot be written there ends the command with an error.
enum Output {
    /// Why something could not be said.
    struct Failure: Error, CustomStringConvertible {
        let reason: NamedFile.Failure
        var description: String { "cannot write to standard output: \(reason)" }
    }

    /// Whether whoever started the program wants no signal of a reader that has gone, to be asked before the program
    /// ignores it for its own sake.
    static let ignoresSignalOfGoneReaders: Bool = {
        var action = sigaction()
        sigaction(SIGPIPE, nil, &action)
        return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
            == unsafeBitCast(SIG_IGN, to: Int.self)
    }()

    /// Writes a line.
    static func say(_ line: String) throws(Failure) { try write(Array("\(line)\n".utf8)) }

    static func write(_ bytes: [UInt8]) throws(Failure) {
        do throws(NamedFile.Failure) {
            try NamedFile.write(bytes, to: STDOUT_FILENO)
        } catch {
            if error.number == EPIPE, !ignoresSignalOfGoneReaders { endWithoutReader() }
            throw Failure(reason: error)
        }
    }

    /// Ends the process as `callpath list | head -1` has it: by the signal, and without a word.
    private static func endWithoutReader() {
        signal(SIGPIPE, SIG_DFL)
        raise(SIGPIPE)
    }
}
