import GRPC

/// A message of protobuf, as every kind of request that is read.
func fuzzProtobuf(_ input: [UInt8]) {
    readsAnywhere(input) { (request: ModelInferRequest, octets) in check(request, in: octets) }
    readsAnywhere(input) { (_: ModelRequest, _) in }
    readsAnywhere(input) { (request: RepositoryModelRequest, octets) in check(request, in: octets) }
    readsAnywhere(input) { (_: RepositoryIndexRequest, _) in }
    readsAnywhere(input) { (_: EmptyMessage, _) in }
    readsAnywhere(input) { (_: ReflectionRequest, _) in }
    // What a reader of nothing takes is well-formed: then others fail only at what they know better.
    guard let request = try? ReflectionRequest(reading: input) else { return }
    var writer = ProtobufWriter()
    request.write(to: &writer)
    guard let again = try? ReflectionRequest(reading: writer.octets) else { preconditionFailure("not read again") }
    var second = ProtobufWriter()
    again.write(to: &second)
    precondition(second.octets == writer.octets)
}

/// Reads a message at two places, which makes no difference, and checks what was read.
private func readsAnywhere<Message: ProtobufMessage>(_ input: [UInt8], _ check: (Message, [UInt8]) -> Void) {
    let moved = [7, 7, 7] + input
    let (first, second) = (try? Message(reading: input), try? Message(reading: moved, from: 3))
    precondition((first == nil) == (second == nil))
    if let first { check(first, input) }
    if let second { check(second, moved) }
}

/// Checks that what is said to stand in the message does.
private func check(_ request: ModelInferRequest, in octets: [UInt8]) {
    for range in request.rawInputContents { precondition(range.upperBound <= octets.count) }
    for input in request.inputs {
        check(input.shape, in: octets)
        guard let contents = input.contents else { continue }
        for list in [contents.bools, contents.ints, contents.int64s, contents.uints, contents.uint64s] {
            check(list, in: octets)
        }
        contents.floats.withPacked(in: octets) { precondition($0.count == 4 * contents.floats.count) }
        contents.doubles.withPacked(in: octets) { precondition($0.count == 8 * contents.doubles.count) }
    }
}

private func check(_ list: NumberList, in octets: [UInt8]) {
    var count = 0
    list.forEachVarint(in: octets) { _ in count += 1 }
    precondition(count == list.count)
}

private func check(_ request: RepositoryModelRequest, in octets: [UInt8]) {
    for case .bytes(let range) in request.parameters.values { precondition(range.upperBound <= octets.count) }
}

/// The content of a call: the same messages and the same error, however it is cut, in each coding.
func fuzzMessages(_ input: [UInt8]) {
    for coding in MessageCoding.allCases {
        let whole = messages(in: input, coding, pieceByteCount: max(input.count, 1))
        for pieceByteCount in [1, 2, 5, 64] where pieceByteCount < input.count {
            precondition(
                messages(in: input, coding, pieceByteCount: pieceByteCount) == whole,
                "cut into \(pieceByteCount)"
            )
        }
    }
}

private struct Content: Equatable {
    var messages: [[UInt8]] = []
    var failure: CallFailure?
}

private func messages(in input: [UInt8], _ coding: MessageCoding, pieceByteCount: Int) -> Content {
    var content = Content()
    var decoder = MessageDecoder(coding: coding, limits: .init(maxByteCount: 4_096, maxDecodedByteCount: 1 << 16))
    do throws(CallFailure) {
        for start in stride(from: 0, to: input.count, by: pieceByteCount) {
            decoder.append(Array(input[start..<min(start + pieceByteCount, input.count)]))
            while let message = try decoder.next() {
                let decoded = try decoder.decoded(message)
                precondition(decoded.count <= 1 << 16)
                content.messages.append(Array(decoded.octets[decoded.start...]))
            }
        }
        try decoder.finish()
    } catch { content.failure = error }
    return content
}
