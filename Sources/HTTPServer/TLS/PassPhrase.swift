import COpenSSL

/// What OpenSSL is told when a key needs a pass phrase: it never asks the terminal.
final class PassPhrase {
    /// The longest that fits OpenSSL's buffer.
    static let limit = Int(PEM_BUFSIZE) - 1

    private let octets: [UInt8]?
    /// Whether the key was encrypted.
    private(set) var wasAsked = false

    init(_ octets: [UInt8]?) {
        self.octets = octets
    }

    /// Runs `body` with the pointer that `answer` expects beside it.
    func withPointer<Result>(_ body: (UnsafeMutableRawPointer) -> Result) -> Result {
        withExtendedLifetime(self) { body(Unmanaged.passUnretained(self).toOpaque()) }
    }

    /// The function that OpenSSL calls.
    static let answer: @convention(c) (UnsafeMutablePointer<CChar>?, Int32, Int32, UnsafeMutableRawPointer?) -> Int32 =
        { buffer, size, _, pointer in
            guard let pointer else { return -1 }
            return Unmanaged<PassPhrase>.fromOpaque(pointer).takeUnretainedValue().write(to: buffer, size: Int(size))
        }

    private func write(to buffer: UnsafeMutablePointer<CChar>?, size: Int) -> Int32 {
        wasAsked = true
        guard let buffer, let octets, octets.count <= size else { return -1 }
        for (index, octet) in octets.enumerated() { buffer[index] = CChar(bitPattern: octet) }
        return Int32(octets.count)
    }
}
