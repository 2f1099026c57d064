// swift-tools-version: 6.2
import PackageDescription

#if canImport(Glibc)
import Glibc
#endif

// https://github.com/swiftlang/swift-evolution: SE-0335, SE-0409, SE-0444, SE-0461. All four become defaults in language mode 7.
let upcomingFeatures: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

/// What makes the linked program smaller: Swift's library, linked statically, exports every symbol unless told not to, so
/// that the linker keeps all of them (0.6 MB); and the places to relocate take 16 KB in place of 1.1 MB where they may be
/// packed, which glibc understands from 2.36 on and lld, not gold, does.
let smallerBinary: [String] = {
    let flags = ["-Xlinker", "--no-export-dynamic"]
    #if canImport(Glibc)
    var name = [CChar](repeating: 0, count: 64)  // "glibc 2.36"
    confstr(Int32(_CS_GNU_LIBC_VERSION), &name, name.count)
    let text = String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    let version = text.split { " .".contains($0) }.compactMap { Int($0) }
    if !version.lexicographicallyPrecedes([2, 36]) {
        return flags + ["-use-ld=lld", "-Xlinker", "-z", "-Xlinker", "pack-relative-relocs"]
    }
    #endif
    return flags
}()

/// A room of the house: one Swift target.
func room(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: upcomingFeatures)
}

/// The tests of one room.
func tests(
    of name: String,
    _ dependencies: [Target.Dependency] = [],
    resources: [Resource] = []
) -> Target {
    .testTarget(
        name: "\(name)Tests",
        dependencies: [.byName(name: name)] + dependencies,
        resources: resources,
        swiftSettings: upcomingFeatures
    )
}

let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let orderedCollections = Target.Dependency.product(name: "OrderedCollections", package: "swift-collections")
let hashTrees = Target.Dependency.product(name: "HashTreeCollections", package: "swift-collections")
let dequeModule = Target.Dependency.product(name: "DequeModule", package: "swift-collections")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

let package = Package(
    name: "callpath",
    products: [
        .executable(name: "callpath", targets: ["callpath"]),
        .library(name: "Tensors", targets: ["Tensors"]),
        .library(name: "NN", targets: ["NN"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-collections", exact: "1.6.0"),
        // Without the trait for URL, which brings a third of Foundation.
        .package(url: "https://github.com/apple/swift-http-types", exact: "1.8.0", traits: []),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
    ],
    targets: [
        // The model wing: knows no network.
        .target(name: "CKernels"),
        .target(name: "CThread"),
        room("Tensors", ["CKernels", "CThread"]),
        room("NN", ["CThread", "Tensors", orderedCollections]),
        room("Safetensors", ["Tensors", "JSON", orderedCollections]),
        room("Models", ["NN", "Safetensors", "Tensors", "JSON", orderedCollections]),
        room(
            "Serving",
            [
                "JSON", "Models", "NN", "Safetensors", "Store", "Tensors", "Metrics", "Threads", hashTrees,
                orderedCollections,
            ]
        ),

        // What the model wing keeps on disk: knows bytes, and neither module nor network.
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        room("Store", ["CLinux", "COpenSSL", "CSQLite", "JSON", "Metrics"]),

        // The same on PostgreSQL, for many replicas; libpq is opened when it is wanted.
        .target(name: "CPostgres"),
        room("Postgres", ["CLinux", "CPostgres", "Metrics", "Store"]),

        // The network wing: knows no tensor.
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .target(name: "CLinux"),
        room("HTTP", [httpTypes, "CLinux", "CZlib"]),
        .systemLibrary(name: "CNGHTTP2", pkgConfig: "libnghttp2", providers: [.apt(["libnghttp2-dev"])]),
        room("HTTP2", ["CNGHTTP2", "HTTP", httpTypes]),
        .target(name: "COpenAPI", exclude: ["openapi.json"]),
        room("Web", ["CLinux", "COpenAPI", "COpenSSL", "HTTP", "JSON", "Metrics", "Threads", httpTypes, logging]),
        .target(name: "CConsole", exclude: ["console.css", "console.html", "console.js"]),
        room("Console", ["CConsole", "HTTP", "Web", httpTypes]),
        .target(name: "CDescriptors", exclude: ["descriptors", "grpc", "open_inference.proto"]),
        room("GRPC", ["CDescriptors", "HTTP", "JSON", "Metrics", "Web", httpTypes]),
        room("HTTPServer", ["HTTP", "HTTP2", "Metrics", "COpenSSL", "CLinux", httpTypes, logging, dequeModule]),

        // Both wings stand on these.
        room("JSON"),
        room("Metrics"),
        room("Threads"),
        room("Logs", ["JSON", "Metrics", logging]),

        // Where the wings meet.
        room(
            "ModuleAPI",
            [
                "Models", "Serving", "Store", "Web", "HTTP", "JSON", "Metrics", "Safetensors", "NN", "Tensors",
                httpTypes,
                logging, orderedCollections,
            ]
        ),
        room(
            "OpenInference",
            [
                "GRPC", "ModuleAPI", "Models", "Serving", "Web", "HTTP", "JSON", "Safetensors", "Tensors", httpTypes,
                orderedCollections,
            ]
        ),
        .executableTarget(
            name: "callpath",
            dependencies: [
                "Console", "GRPC", "ModuleAPI", "OpenInference", "Web", "CLinux", "CNGHTTP2", "COpenSSL", "CSQLite",
                "CZlib", "HTTPServer", "HTTP", "JSON", "Models", "Postgres", "Serving", "Store", "Tensors", "Metrics",
                "Logs", logging,
            ],
            swiftSettings: upcomingFeatures,
            linkerSettings: [.unsafeFlags(smallerBinary, .when(platforms: [.linux]))]
        ),

        // Parts measured by themselves; see Benchmarks/.
        .executableTarget(
            name: "microbench",
            dependencies: ["JSON", "NN", "Tensors"],
            path: "Benchmarks/Microbench",
            swiftSettings: upcomingFeatures
        ),

        // What the allocator is asked for per request, held to the lines of Benchmarks/Thresholds by a test.
        .target(name: "CAllocations", path: "Benchmarks/CAllocations"),
        .executableTarget(
            name: "allocations",
            dependencies: [
                "ModuleAPI", "OpenInference", "Web", "CAllocations", "HTTP", "JSON", "Models", "NN", "Serving",
                "Tensors", httpTypes, logging,
            ],
            path: "Benchmarks/Allocations",
            swiftSettings: upcomingFeatures
        ),

        // What a newcomer can run: training in Swift, with its loss on the way down.
        .executableTarget(
            name: "train-digits",
            dependencies: ["JSON", "NN", "Safetensors", "Tensors", orderedCollections],
            path: "Examples/TrainDigits",
            swiftSettings: upcomingFeatures
        ),

        tests(of: "CKernels"),
        tests(of: "Tensors", resources: [.copy("Fixtures")]),
        tests(of: "NN", ["Tensors", "JSON", orderedCollections], resources: [.copy("Fixtures")]),
        tests(of: "Safetensors", ["Tensors", "JSON", orderedCollections], resources: [.copy("Fixtures")]),
        tests(
            of: "Serving",
            ["Models", "NN", "Safetensors", "Store", "Tensors", "JSON", orderedCollections],
            resources: [.copy("Layers/Fixtures")]
        ),
        // The wire cases that the parser and the live server are held to.
        .target(
            name: "WireCases",
            path: "Tests/WireCases",
            exclude: ["json-suite.tsv", "wire-cases.tsv"],
            swiftSettings: upcomingFeatures
        ),
        tests(of: "HTTP", [httpTypes, "WireCases"]),
        tests(of: "HTTP2", ["HTTP", httpTypes]),
        tests(
            of: "HTTPServer",
            ["HTTP", "HTTP2", "Metrics", "COpenSSL", httpTypes, "WireCases"],
            resources: [.copy("Fixtures")]
        ),
        // SQLite's file system with a recorder in front of it.
        .target(name: "CRecordingDisk", dependencies: ["CSQLite"], path: "Tests/CRecordingDisk"),
        tests(of: "Store", ["CRecordingDisk", "CSQLite", "JSON"]),
        tests(of: "JSON", ["WireCases"]),
        tests(of: "Metrics"),
        tests(of: "Logs", ["JSON", logging]),
        tests(of: "Models", ["JSON", "NN", "Safetensors", "Tensors", orderedCollections]),
        tests(of: "Web", ["HTTP", "JSON", "Metrics", httpTypes]),
        tests(of: "GRPC", ["HTTP", "JSON", "Metrics", "Web", httpTypes], resources: [.copy("Fixtures")]),
        // The interface over a registry of its own, asked without a socket.
        .target(
            name: "TestServer",
            dependencies: ["Console", "HTTP", "JSON", "ModuleAPI", "OpenInference", "Serving", "Web", httpTypes],
            path: "Tests/TestServer",
            swiftSettings: upcomingFeatures
        ),
        tests(
            of: "Postgres",
            [
                "HTTP", "JSON", "ModuleAPI", "Models", "Serving", "Store", "Tensors", "TestServer", "Web", httpTypes,
                orderedCollections,
            ]
        ),
        tests(
            of: "ModuleAPI",
            ["HTTP", "JSON", "Models", "NN", "Serving", "Tensors", "TestServer", "Web", httpTypes]
        ),
        tests(
            of: "OpenInference",
            [
                "GRPC", "HTTP", "JSON", "Metrics", "ModuleAPI", "Models", "Safetensors", "Serving", "TestServer", "Web",
                httpTypes, logging, yams,
            ]
        ),
        .testTarget(
            name: "CallpathTests",
            dependencies: ["JSON", "WireCases", yams],
            exclude: ["Fixtures"],
            swiftSettings: upcomingFeatures
        ),
    ]
)

// libFuzzer links only where script/fuzz asks for it: with -sanitize=fuzzer.
if Context.environment["CALLPATH_FUZZ"] != nil {
    package.targets.append(
        .executableTarget(
            name: "callpath-fuzz",
            dependencies: [
                "GRPC", "HTTP", "HTTP2", "JSON", "Models", "NN", "Safetensors", "Serving", "Tensors", httpTypes,
                orderedCollections,
            ],
            path: "Fuzz",
            exclude: ["Corpus"],
            swiftSettings: upcomingFeatures
        )
    )
}

// A sanitizer run needs some rooms and not the whole house: the tests that it names, and what they stand on.
if let names = Context.environment["CALLPATH_TESTS"] {
    let targets = Dictionary(uniqueKeysWithValues: package.targets.map { ($0.name, $0) })
    var needed: Set<String> = []
    var waiting = names.split(separator: ",").map(String.init)
    while let name = waiting.popLast() {
        guard let target = targets[name], needed.insert(name).inserted else { continue }
        for case .byNameItem(let dependency, _) in target.dependencies { waiting.append(dependency) }
    }
    package.targets.removeAll { !needed.contains($0.name) }
    package.products.removeAll()
}
