import Foundation

/// What a server writes to standard error, kept for the test.
final class LogFile {
    private let folder: Folder
    private let file: URL
    let handle: FileHandle

    init() throws {
        folder = try Folder()
        file = folder.url("log")
        try Data().write(to: file)
        handle = try FileHandle(forWritingTo: file)
    }

    var text: String { (try? String(contentsOf: file, encoding: .utf8)) ?? "" }

    /// Waits until `words` are written `times` times, at most ten seconds, and returns the whole log.
    @discardableResult
    func wait(for words: String, times: Int = 1) throws -> String {
        let deadline = ContinuousClock.now + .seconds(60)
        while text.components(separatedBy: words).count <= times {
            guard ContinuousClock.now < deadline else { throw Missing(words: words, log: text) }
            usleep(2_000)
        }
        return text
    }

    struct Missing: Error {
        let words: String
        let log: String
    }
}

/// A folder that goes with the test.
final class Folder {
    private let root = FileManager.default.temporaryDirectory.appendingPathComponent("callpath-\(UUID().uuidString)")

    init() throws { try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true) }

    deinit { try? FileManager.default.removeItem(at: root) }

    func url(_ name: String) -> URL { root.appendingPathComponent(name) }

    func path(_ name: String) -> String { url(name).path }

    /// Puts `text` in place of a file as a whole, as tools that rotate keys and certificates do.
    @discardableResult
    func write(_ text: String, to name: String) throws -> String {
        try Data(text.utf8).write(to: url(name), options: .atomic)
        return path(name)
    }
}
