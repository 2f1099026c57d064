import WireCases

/// Plays the client of one wire case.
struct WireCaseScript {
    /// What a kept connection has to answer behind the row's own requests.
    static let followUp = Array("GET /?follow-up HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".utf8)

    enum Broken: Error {
        case spokeTooSoon(String)
        case saidTooMuch(String)
    }

    let row: WireCase
    let client: RawClient

    /// Sends what the row says and returns the answers, and whether the connection ended behind them.
    ///
    /// Behind a connection that is kept comes the follow-up, whose answer is the last and is not in the row.
    func run() throws -> (answers: [WireAnswer], hasEnded: Bool) {
        for step in row.steps { try play(step) }
        let hasEnded = try receive(row.answers.filter { Int($0) != nil }.count)
        if row.keepsConnection, !hasEnded {
            try client.send(Self.followUp)
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
            try client.receive(until: "HTTP/1.1 100 Continue\r\n\r\n")
        } else if client.isReadable(within: 30) {
            try client.receive()
            throw Broken.spokeTooSoon(client.text)
        }
    }

    /// Reads until `count` answers have come, or to the end where the connection must end; returns whether it ended.
    private func receive(_ count: Int) throws -> Bool {
        while try !row.keepsConnection || answers(hasEnded: false).count < count {
            do {
                guard try client.receive() else { return true }
            } catch RawClient.Failure.reset where !row.keepsConnection && count == 0 {
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
        if hasEnded, !reader.isAtEnd { throw Broken.saidTooMuch(client.text) }
        return answers
    }

    /// Whether the request with this index in the row is a HEAD.
    private func isToHead(_ index: Int) -> Bool {
        let requests = String(decoding: row.octets, as: UTF8.self).split(separator: " HTTP/1.")
        guard requests.indices.contains(index) else { return false }
        return requests[index].contains(/(^|\n|hi)HEAD \/[a-z]*$/)
    }
}
