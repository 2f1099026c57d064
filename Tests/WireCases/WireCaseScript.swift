/// What a wire case needs of a connection; everything blocks.
package protocol WireClient: AnyObject {
    /// All that has come since the start.
    var received: [UInt8] { get }
    /// Writes octets as they are.
    func send(_ octets: [UInt8]) throws
    /// Ends the client's side of the connection.
    func endWriting()
    /// Reads once; false at the end, an error for a reset.
    func receive() throws -> Bool
    /// Whether an error of `receive()` says that the server has reset the connection.
    func isReset(_ error: any Error) -> Bool
    /// Whether something can be read, an end included, before the time is over.
    func isReadable(within milliseconds: Int32) -> Bool
}

/// Plays the client of one wire case.
package struct WireCaseScript {
    /// A server that does not keep to the row.
    package enum Broken: Error {
        case spokeTooSoon(String)
        case saidTooMuch(String)
    }

    private let row: WireCase
    private let client: any WireClient
    private let followUp: [UInt8]

    /// Creates the client of `row`; `path` is what the follow-up asks for.
    package init(row: WireCase, client: any WireClient, followUpPath path: String = "/") {
        self.row = row
        self.client = client
        followUp = Self.followUp(path: path)
    }

    /// What a kept connection has to answer behind the row's own requests.
    package static func followUp(path: String = "/") -> [UInt8] {
        Array("GET \(path)?follow-up HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".utf8)
    }

    /// Sends what the row says and returns the answers, and whether the connection ended behind them.
    ///
    /// Behind a connection that is kept comes the follow-up, whose answer is the last and is not in the row.
    package func run() throws -> (answers: [WireAnswer], hasEnded: Bool) {
        for step in row.steps { try play(step) }
        let hasEnded = try receive(row.answers.filter { Int($0) != nil }.count)
        if row.keepsConnection, !hasEnded {
            try client.send(followUp)
            while try client.receive() {}
            return (try answers(hasEnded: true), false)
        }
        return (try answers(hasEnded: hasEnded), hasEnded)
    }

    private func play(_ step: WireCase.Step) throws {
        switch step {
        case .send(let octets):
            // A server that has refused what came first may close before the rest.
            do { try client.send(octets) } catch  where !row.keepsConnection {}
        case .wait: try wait()
        case .finish: client.endWriting()
        }
    }

    private func wait() throws {
        if row.answers.first == "100" {
            let interim = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)
            while !client.received.starts(with: interim), try client.receive() {}
        } else if client.isReadable(within: 30) {
            _ = try client.receive()
            throw Broken.spokeTooSoon(text)
        }
    }

    /// Reads until `count` answers have come, or to the end where the connection must end; returns whether it ended.
    private func receive(_ count: Int) throws -> Bool {
        while try !row.keepsConnection || answers(hasEnded: false).count < count {
            do {
                guard try client.receive() else { return true }
            } catch  where client.isReset(error) && !row.keepsConnection && count == 0 {
                return true
            }
        }
        return false
    }

    private func answers(hasEnded: Bool) throws -> [WireAnswer] {
        var reader = WireAnswerReader(client.received, hasEnded: hasEnded)
        var answers: [WireAnswer] = []
        while let answer = try reader.next(isToHead: isToHead(answers.filter { $0.status >= 200 }.count)) {
            answers.append(answer)
        }
        if hasEnded, !reader.isAtEnd { throw Broken.saidTooMuch(text) }
        return answers
    }

    private var text: String { String(decoding: client.received, as: UTF8.self) }

    /// Whether the request with this index in the row is a HEAD.
    private func isToHead(_ index: Int) -> Bool {
        let requests = String(decoding: row.octets, as: UTF8.self).split(separator: " HTTP/1.")
        guard requests.indices.contains(index) else { return false }
        return requests[index].contains(/(^|\n|hi)HEAD \/[a-z]*$/)
    }
}
