import CLinux
import CNGHTTP2
import COpenSSL
import CSQLite
import CZlib
import Glibc
import Tensors

/// Something that this program was made of, or that it found where it runs.
struct Part: CustomStringConvertible {
    let name: String
    let version: String
    /// Where its code is: in this program, or in a file that the loader found.
    var place: String?

    var description: String { "\(name) \(version)\(place.map { " (\($0))" } ?? "")" }

    static var all: [Part] { [swift] + packages + [openSSL, sqlite, nghttp2, zlib] + surroundings }

    /// The packages as `Package.swift` pins them; a test holds these lines to it.
    private static let packages = [
        Part(name: "swift-collections", version: "1.6.0", place: linkedIn),
        Part(name: "swift-http-types", version: "1.8.0", place: linkedIn),
        Part(name: "swift-log", version: "1.16.2", place: linkedIn),
    ]

    private static let linkedIn = "linked in"

    /// The compiler's version as far as a source can tell it.
    private static var swift: Part {
        #if compiler(>=6.5)
        let version = "6.5 or newer"
        #elseif compiler(>=6.4)
        let version = "6.4"
        #elseif compiler(>=6.3)
        let version = "6.3"
        #else
        let version = "6.2"
        #endif
        return Part(name: "swift", version: version)
    }

    private static var openSSL: Part {
        let version: @convention(c) (Int32) -> UnsafePointer<CChar>? = OpenSSL_version
        // "OpenSSL 3.0.17 1 Jul 2025"
        let words = version(OPENSSL_VERSION).map { String(cString: $0) }?.split(separator: " ") ?? []
        return Part(
            name: "openssl",
            version: words.dropFirst().first.map(String.init) ?? "unknown",
            place: place(of: unsafeBitCast(version, to: UnsafeRawPointer.self))
        )
    }

    private static var sqlite: Part { part("sqlite3", sqlite3_libversion) }
    private static var nghttp2: Part {
        let version: @convention(c) (Int32) -> UnsafeMutablePointer<nghttp2_info>? = nghttp2_version
        return Part(
            name: "nghttp2",
            version: version(0).map { String(cString: $0.pointee.version_str) } ?? "unknown",
            place: place(of: unsafeBitCast(version, to: UnsafeRawPointer.self))
        )
    }

    private static var zlib: Part { part("zlib", zlibVersion) }

    /// Returns a library that tells its version itself.
    private static func part(_ name: String, _ version: @convention(c) () -> UnsafePointer<CChar>?) -> Part {
        Part(
            name: name,
            version: version().map { String(cString: $0) } ?? "unknown",
            place: place(of: unsafeBitCast(version, to: UnsafeRawPointer.self))
        )
    }

    /// What this machine brings: its C library, the kernel, and the kernels of which instruction set are used.
    private static var surroundings: [Part] {
        var system = utsname()
        uname(&system)
        let release = withUnsafeBytes(of: system.release) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        var library = [CChar](repeating: 0, count: 64)  // "glibc 2.36"
        confstr(Int32(_CS_GNU_LIBC_VERSION), &library, library.count)
        let glibc = String(decoding: library.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        let sets = KernelSet.available.map(\.description).joined(separator: ", ")
        return [
            Part(name: "glibc", version: String(glibc.trimmingPrefix("glibc "))),
            Part(name: "linux", version: release),
            Part(name: "kernels", version: KernelSet.current.description, place: "of \(sets)"),
        ]
    }

    /// Returns where the code of a function is.
    private static func place(of function: UnsafeRawPointer) -> String {
        clinux_file_of(function).map { String(cString: $0) } ?? linkedIn
    }
}
