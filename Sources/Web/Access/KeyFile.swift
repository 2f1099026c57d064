/// The file of access keys: one key a line, `NAME SCOPES DIGEST`, where `#` starts a comment.
///
///     # made by: callpath key --name ci --scope infer
///     ci infer 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
package enum KeyFile {
    /// The largest file that is read.
    package static let maximumByteCount = 1_048_576

    /// What is wrong with a line, which is numbered from 1.
    package struct Failure: Error, Equatable, CustomStringConvertible {
        package enum Reason: Equatable, Sendable {
            case notUTF8
            case fields(expected: Int, got: Int)
            case name(String)
            case scope(String)
            case digest
            case repeatedName(String)
            /// A line as `callpath key` shows it, with the word that it begins with.
            case printed(String)
        }
        package let line: Int
        package let reason: Reason

        package var description: String {
            let words =
                switch reason {
                case .notUTF8: "the file is not UTF-8"
                case .fields(let expected, let got): "expected \(expected) words (name, scopes, digest), got \(got)"
                case .name(let name):
                    "'\(name)' is not a valid name: expected letters, digits, '.', '_' and '-', at most 64"
                case .scope(let scope): "'\(scope)' is no scope: expected infer or admin"
                case .digest: "the digest must be 64 hexadecimal digits"
                case .printed(let word):
                    "'\(word)' is what `callpath key` prints for you to read; `callpath key --file FILE` appends the line alone"
                case .repeatedName(let name): "the name '\(name)' stands on an earlier line"
                }
            return "line \(line): \(words)"
        }
    }

    /// Reads the keys of a file.
    package static func parse(_ bytes: [UInt8]) throws(Failure) -> [AccessKey] {
        // Editors of some systems begin a file with a byte order mark.
        let content = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes[3...] : bytes[...]
        guard let text = String(validating: content, as: UTF8.self) else { throw Failure(line: 1, reason: .notUTF8) }
        var keys: [AccessKey] = []
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let words = line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace)
            guard !words.isEmpty else { continue }
            let key = try key(words, line: index + 1)
            guard !keys.contains(where: { $0.name == key.name }) else {
                throw Failure(line: index + 1, reason: .repeatedName(key.name))
            }
            keys.append(key)
        }
        return keys
    }

    private static func key(_ words: [Substring], line: Int) throws(Failure) -> AccessKey {
        if let word = ["key:", "line:"].first(where: { words[0] == $0 }) {
            throw Failure(line: line, reason: .printed(word))
        }
        guard words.count == 3 else { throw Failure(line: line, reason: .fields(expected: 3, got: words.count)) }
        let name = String(words[0])
        guard isName(name) else { throw Failure(line: line, reason: .name(String(name.prefix(64)))) }
        let scopes = try scopes(words[1], line: line)
        guard let digest = KeyDigest(hexadecimal: words[2]) else { throw Failure(line: line, reason: .digest) }
        return AccessKey(name: name, scopes: scopes, digest: digest)
    }

    /// Returns whether a name can stand in the file and in logs.
    package static func isName(_ name: String) -> Bool {
        (1...64).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                let isAlphanumeric = (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20)
                return isAlphanumeric || "._-".utf8.contains(byte)
            }
    }

    private static func scopes(_ word: Substring, line: Int) throws(Failure) -> Set<Scope> {
        var scopes: Set<Scope> = []
        for name in word.split(separator: ",", omittingEmptySubsequences: false) {
            guard let scope = Scope(rawValue: String(name)), scope != .open else {
                throw Failure(line: line, reason: .scope(String(name.prefix(64))))
            }
            scopes.insert(scope)
        }
        return scopes
    }
}
