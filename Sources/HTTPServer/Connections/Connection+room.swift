import HTTP

// Readers may be slow and many, so what waits for them is bounded: on each connection, and on all together.
extension Connection {
    /// Whether the answers that wait here are few enough for another request.
    func hasRoomForAnswer(on loop: isolated EventLoop) -> Bool {
        guard !output.isEmpty else { return true }
        return output.count <= loop.limits.maxPendingOutputBytes
            && loop.shared.heldAnswerBytes <= loop.limits.maxHeldAnswerBytes
    }

    /// Returns what goes out in place of `response` if it is large and too much waits already.
    ///
    /// One answer alone is never too large: how large it may get is for those who make it to say. Small ones, such as
    /// metrics, are what one needs to see that somebody fills the memory.
    func refusal(of response: Response, to request: Request, on loop: isolated EventLoop) -> Response? {
        guard let count = response.body.count, count > loop.limits.maxPendingOutputBytes else { return nil }
        let held = loop.shared.heldAnswerBytes
        guard held > 0, held + count > loop.limits.maxHeldAnswerBytes else { return nil }
        return loop.configuration.refusalForm(.overloaded, request.pathOctets)
    }

    /// Brings the server's count up to what waits here.
    func countHeldAnswers(on loop: isolated EventLoop) {
        let change = output.heldCount - heldAnswerBytes
        guard change != 0 else { return }
        loop.shared.holdAnswers(change)
        heldAnswerBytes += change
    }
}
