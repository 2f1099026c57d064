import HTTP
import Metrics
import Synchronization
import Testing

@testable import HTTPServer

/// Bodies of clients that may have gone must not keep out those that are still there.
struct BodyRoomTests {
    /// How a client goes whose request is being answered.
    enum Going: CaseIterable {
        /// As one that has had enough: a FIN.
        case closes
        /// With the FIN right behind the body.
        case closesAtOnce
        case resets
        /// It reads on.
        case endsItsDirection
    }

    private static var limits: ServerLimits {
        var limits = ServerLimits()
        limits.maxHeldBodyBytes = 1_000_000
        return limits
    }

    private static func post(_ path: String, _ count: Int, isChunked: Bool = false) -> [UInt8] {
        let framing = isChunked ? "Transfer-Encoding: chunked" : "Content-Length: \(count)"
        let head = Array("POST \(path) HTTP/1.1\r\nHost: test\r\n\(framing)\r\n\r\n".utf8)
        let body = [UInt8](repeating: 65, count: count)
        guard isChunked else { return head + body }
        return head + Array("\(String(count, radix: 16))\r\n".utf8) + body + Array("\r\n0\r\n\r\n".utf8)
    }

    private static func heldBytes(of server: HTTPServer) -> Int {
        let text = String(decoding: server.configuration.metrics.expose(), as: UTF8.self)
        return text.firstMatch(of: /\ncallpath_held_body_bytes (\d+)/).flatMap { Int($0.1) } ?? 0
    }

    @Test(arguments: Going.allCases, [true, false])
    func giveWayToThoseWhoAreThere(going: Going, isChunked: Bool) async throws {
        let begun = Atomic<Int>(0)
        let cancelled = Atomic<Int>(0)
        let gone = Atomic<Int>(0)
        let (living, kept) = try await withServer(limits: Self.limits) { request in
            guard request.target == "/slow" else { return hello(request) }
            let watch = request.client?.whenGone { gone.add(1, ordering: .relaxed) }
            begun.add(1, ordering: .relaxed)
            try? await Task.sleep(for: .seconds(3600))
            cancelled.add(1, ordering: .relaxed)
            if let watch { request.client?.forget(watch) }
            return hello(request)
        } _: { server, port in
            var clients: [Kept] = []
            for index in 1...3 {
                let request = Self.post("/slow", 300_000, isChunked: isChunked)
                let client = try await blocking { Kept(try RawClient(port: port)) }
                try await blocking {
                    try client.value.send(request)
                    if going == .closesAtOnce { client.value.close() }
                }
                clients.append(client)
                try await eventually { begun.load(ordering: .relaxed) == index }
            }
            let first = clients[0]
            try await blocking {
                switch going {
                case .closes: first.value.close()
                case .closesAtOnce: break
                case .resets: first.value.reset()
                case .endsItsDirection: first.value.endWriting()
                }
            }
            try await eventually {
                going == .resets
                    ? cancelled.load(ordering: .relaxed) == 1
                    : gone.load(ordering: .relaxed) == (going == .closesAtOnce ? 3 : 1)
            }
            let living = try await blocking {
                let client = try RawClient(port: port)
                try client.send(Self.post("/", 300_000) + Self.post("/", 200_000))
                try client.receive(until: "200000")
                return client.statuses
            }
            try await eventually { cancelled.load(ordering: .relaxed) == 1 }
            let kept = going == .endsItsDirection ? try await blocking { try first.value.receiveAll() } : nil
            try await eventually { Self.heldBytes(of: server) <= 600_200 }
            #expect(Self.heldBytes(of: server) >= 590_000)
            return (living, kept)
        }
        #expect(living == [200, 200])
        if let kept { #expect(kept.hasPrefix("HTTP/1.1 503 ")) }
    }

    /// However they come: in one read with their end, or in pieces; up to 64 KiB they are free.
    @Test(arguments: [true, false], [65_000, 70_000, 300_000, 900_000])
    func countWhole(isChunked: Bool, size: Int) async throws {
        let isFree = size < 65_536
        let begun = Atomic<Int>(0)
        let mayEnd = Atomic<Bool>(false)
        let statuses = try await withServer(limits: Self.limits) { request in
            guard request.target == "/slow" else { return hello(request) }
            begun.add(1, ordering: .relaxed)
            while !mayEnd.load(ordering: .relaxed), !Task.isCancelled { try? await Task.sleep(for: .milliseconds(1)) }
            return hello(request)
        } _: { server, port in
            var clients: [Kept] = []
            let most = isFree ? 20 : 1_000_000 / size
            for index in 1...most {
                let client = try await blocking { Kept(try RawClient(port: port)) }
                try await blocking { try client.value.send(Self.post("/slow", size, isChunked: isChunked)) }
                clients.append(client)
                try await eventually { begun.load(ordering: .relaxed) == index }
                if !isFree { #expect(Self.heldBytes(of: server) >= index * size) }
            }
            let one = clients[0]
            let more = try await blocking {
                let client = try RawClient(port: port)
                try client.send(Self.post("/", size, isChunked: isChunked))
                guard isFree else { return try client.receiveAll() }
                try client.receive(until: "\(size)")
                return client.text
            }
            mayEnd.store(true, ordering: .relaxed)
            try await blocking { try one.value.receive(until: "\(size)") }
            return (more, one.value.statuses)
        }
        #expect(statuses.0.hasPrefix(isFree ? "HTTP/1.1 200 " : "HTTP/1.1 503 "))
        #expect(statuses.1 == [200])
    }

    /// A client alone that ends its direction, such as `printf | nc -N`, gets its answer.
    @Test func areKeptWhileThereIsRoom() async throws {
        let begun = Atomic<Bool>(false)
        let mayEnd = Atomic<Bool>(false)
        let (half, other) = try await withServer(limits: Self.limits) { request in
            guard request.target == "/slow" else { return hello(request) }
            begun.store(true, ordering: .relaxed)
            while !mayEnd.load(ordering: .relaxed), !Task.isCancelled { try? await Task.sleep(for: .milliseconds(1)) }
            return hello(request)
        } _: { server, port in
            let half = try await blocking {
                let client = try RawClient(port: port)
                try client.send(Self.post("/slow", 600_000))
                client.endWriting()
                return Kept(client)
            }
            try await eventually { begun.load(ordering: .relaxed) }
            let other = try await blocking {
                let client = try RawClient(port: port)
                try client.send(Self.post("/", 300_000))
                try client.receive(until: "300000")
                return client.statuses
            }
            mayEnd.store(true, ordering: .relaxed)
            let text = try await blocking { try half.value.receiveAll() }
            try await eventually { server.exposes("callpath_held_body_bytes 0") }
            return (text, other)
        }
        #expect(half.hasPrefix("HTTP/1.1 200 ") && half.hasSuffix("600000"))
        #expect(other == [200])
    }

    @Test func roomIsCountedToTheOctet() {
        let room = BodyRoom()
        let pushed = Mutex<[Int]>([])
        #expect(room.take(400, limit: 1_000, mayPush: true))
        #expect(room.take(500, limit: 1_000, mayPush: true))
        let bodies = [100, 300, 500].map { count in
            room.abandon(count) { pushed.withLock { $0.append(count) } }
        }
        #expect(!room.take(300, limit: 1_000, mayPush: false))
        room.leave(300)
        #expect(!room.take(1_001, limit: 1_000, mayPush: true))
        #expect(pushed.withLock(\.self) == [], "nobody is pushed out for what has no room even so")
        room.leave(1_001)
        #expect(room.take(200, limit: 1_000, mayPush: true))
        #expect(pushed.withLock(\.self) == [100] && room.byteCount == 1_000)
        #expect(room.hasGivenWay(bodies[0]) && !room.hasGivenWay(bodies[1]))
        room.leave(bodies[0])
        room.leave(bodies[1])
        #expect(room.byteCount == 700)
        #expect(room.take(800, limit: 1_000, mayPush: true))
        #expect(pushed.withLock(\.self) == [100, 500] && room.byteCount == 1_000)
    }
}
