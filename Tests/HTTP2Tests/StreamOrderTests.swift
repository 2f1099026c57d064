import Testing

@testable import HTTP2

/// Which streams a client may still begin.
struct StreamOrderTests {
    @Test(arguments: [1, 3, 5, .max - 2, .max] as [Int32])
    func anyStreamMayBeTheFirst(stream: Int32) {
        var order = StreamOrder()
        let begins = order.begins(stream)
        #expect(begins)
        // Trailers come on it too.
        let goesOn = order.begins(stream)
        #expect(goesOn)
        let goesBack = stream > 1 && order.begins(stream - 2)
        #expect(!goesBack)
    }
}
