import Foundation
import Testing

/// `callpath version --verbose` tells what the binary was made of.
@Suite(.timeLimit(.minutes(10)))
struct VersionTests {
    private func parts() throws -> [String] {
        let (output, status) = try shell("'\(RunningServer.binary().path)' version --verbose")
        #expect(status == 0)
        return output.split(separator: "\n").map(String.init)
    }

    @Test func namesEachPackageAsTheManifestPinsIt() throws {
        let manifest = try String(contentsOf: repository.appendingPathComponent("Package.swift"), encoding: .utf8)
        let pinned = manifest.matches(of: #/\.package\(url: "https://\S+/(\S+)", exact: "(\S+)"[,)]/#).map(\.output)
        #expect(pinned.count == manifest.matches(of: #/\.package\(url:/#).count, "each by an exact version")
        let lines = pinned.filter { $0.1 != "Yams" }.map { "\($0.1) \($0.2) (linked in)" }
        #expect(try parts().filter { $0.hasPrefix("swift-") } == lines)
    }

    @Test func namesTheCompilerThatMadeIt() throws {
        let compiler = try shell("swift --version 2>/dev/null").output
        let version = try #require(compiler.firstMatch(of: #/Swift version (\d+\.\d+)/#))
        #expect(try parts().contains("swift \(version.1)"))
    }

    /// Whatever the loader brings beside glibc and the C++ library is named with its file.
    @Test func namesEachSharedLibrary() throws {
        let server = try RunningServer()
        let maps = try String(contentsOfFile: "/proc/\(server.processIdentifier)/maps", encoding: .utf8)
        let files = Set(maps.matches(of: #/ (/\S+\.so[\d.]*)$/#.anchorsMatchLineEndings()).map { String($0.1) })
        let system = #/^(ld-linux.*|libc|libm|libgcc_s|libstdc\+\+)\.so/#
        let swift = #/^lib(_?swift|dispatch|Blocks|Foundation|_Foundation)/#
        let verbose = try parts().joined(separator: "\n")
        for file in files.compactMap({ $0.split(separator: "/").last }) {
            if file.prefixMatch(of: system) != nil || file.prefixMatch(of: swift) != nil { continue }
            // OpenSSL is two files.
            let name = file.hasPrefix("libssl") ? "libcrypto" : file.prefix { $0 != "." }
            #expect(verbose.contains(name), "\(file)")
        }
    }

    @Test func saysThatExportIsPythons() throws {
        let (output, status) = try shell("'\(RunningServer.binary().path)' export a.pt b.safetensors 2>&1")
        #expect(status == 64)
        #expect(output.hasPrefix("Error: 'callpath export' comes with the Python package: pip install callpath"))
    }
}
