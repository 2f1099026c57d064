import Foundation
import Testing

/// A trained network, built over HTTP in the real binary, gives PyTorch's answers on real images.
@Suite(.timeLimit(.minutes(10)))
struct DigitsTests {
    private let digits: Digits
    private let server: RunningServer

    init() throws {
        digits = try Digits.load()
        server = try Self.serveDigits()
    }

    private static func serveDigits(arguments: [String] = []) throws -> RunningServer {
        let server = try RunningServer(arguments: arguments)
        let created = try Client(port: server.port).json("POST", "/v1/modules", Digits.description(name: "digits"))
        try #require(created.status == 201, "\(created.text)")
        return server
    }

    /// The instruction sets that the binary says it can be told to use.
    private static func kernelChoices() throws -> [String] {
        let process = Process(), output = Pipe()
        process.executableURL = try RunningServer.binary()
        process.arguments = ["serve", "--help"]
        process.standardOutput = output
        try process.run()
        let help = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let line = try #require(help.split(separator: "\n").first { $0.contains("--kernels auto|") })
        return try #require(line.split(separator: " ").dropFirst().first).split(separator: "|").map(String.init)
    }

    @Test func answersWithEveryInstructionSet() throws {
        let choices = try Self.kernelChoices()
        #expect(choices.count > 1)
        for choice in choices {
            let server = try Self.serveDigits(arguments: ["--kernels", choice])
            expect(try callInJSON(try Client(port: server.port), digits.images), near: digits.logits)
        }
    }

    @Test func answersImagesOneByOne() throws {
        let client = try Client(port: server.port)
        for (image, logits) in zip(digits.images, digits.logits) {
            expect(try callInJSON(client, [image], squeeze: true), near: [logits])
            expect(try callInBytes(client, [image]), near: [logits])
        }
    }

    @Test func answersTheWholeSetAtOnce() throws {
        let client = try Client(port: server.port)
        #expect(digits.images.count == 360)
        expect(try callInJSON(client, digits.images), near: digits.logits)
        expect(try callInBytes(client, digits.images), near: digits.logits)
    }

    @Test func answersSixteenConnectionsAtOnce() async throws {
        let (port, digits) = (server.port, digits)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for first in 0..<16 {
                group.addTask {
                    let client = try Client(port: port)
                    for index in stride(from: first, to: digits.images.count, by: 16) {
                        let output = try callInJSON(client, [digits.images[index]], squeeze: true)
                        expect(output, near: [digits.logits[index]])
                    }
                }
            }
            try await group.waitForAll()
        }
    }
}

private struct Output: Decodable { let output: [[Float]] }
private struct OneOutput: Decodable { let output: [Float] }

/// Posts `images` as JSON; with `squeeze` the only image goes as a one-dimensional input.
private func callInJSON(_ client: Client, _ images: [[Float]], squeeze: Bool = false) throws -> [[Float]] {
    let input = squeeze ? "\(images[0])" : "\(images)"
    let answer = try client.json("POST", "/v1/modules/digits/call", #"{"input": \#(input)}"#)
    try #require(answer.status == 200, "\(answer.text)")
    if squeeze { return [try JSONDecoder().decode(OneOutput.self, from: Data(answer.body)).output] }
    return try JSONDecoder().decode(Output.self, from: Data(answer.body)).output
}

private func callInBytes(_ client: Client, _ images: [[Float]]) throws -> [[Float]] {
    let bytes = images.joined().flatMap { value in withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) } }
    let fields = [
        "Content-Type": "application/octet-stream", "Accept": "application/octet-stream",
        "Tensor-Shape": "\(images.count),64", "Tensor-Dtype": "float32",
    ]
    let answer = try client.send("POST", "/v1/modules/digits/call", fields: fields, body: bytes)
    try #require(answer.status == 200, "\(answer.text)")
    #expect(answer.fields["tensor-shape"] == "\(images.count),10")
    let values = answer.body.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
    return stride(from: 0, to: values.count, by: 10).map { Array(values[$0..<($0 + 10)]) }
}

/// Expects PyTorch's digit for each image and its logits within 1e-5.
private func expect(_ output: [[Float]], near logits: [[Float]], sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(output.count == logits.count, sourceLocation: sourceLocation)
    for (row, expected) in zip(output, logits) {
        #expect(argmax(row) == argmax(expected), sourceLocation: sourceLocation)
        let furthest = zip(row, expected).map { abs($0 - $1) / max(1, abs($1)) }.max() ?? .infinity
        #expect(furthest <= 1e-5, sourceLocation: sourceLocation)
    }
}

private func argmax(_ row: [Float]) -> Int? { row.indices.max { row[$0] < row[$1] } }
