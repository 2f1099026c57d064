import HTTPTypes
import Testing

@testable import HTTP

struct ResponseFieldsTests {
    private var fields: ResponseFields = [.contentType: "text/plain", .vary: "Accept", .eTag: "\"1\""]

    private var text: String { String(decoding: fields.octets, as: UTF8.self) }

    @Test func findsAValueByItsWholeName() throws {
        #expect(fields[.vary] == "Accept")
        #expect(fields[try #require(HTTPField.Name("VARY"))] == "Accept")
        #expect(fields[try #require(HTTPField.Name("ETa"))] == nil)
        #expect(fields[try #require(HTTPField.Name("Content-Type-Options"))] == nil)
        #expect(fields.contains(.eTag))
        #expect(fields[.contentType] == "text/plain")
    }

    @Test mutating func replacesAValueWhereItStands() {
        fields[.vary] = "Origin, Accept"
        #expect(text == "Content-Type: text/plain\r\nVary: Origin, Accept\r\nETag: \"1\"\r\n")
    }

    @Test mutating func removesALine() {
        fields[.vary] = nil
        fields[.location] = nil
        #expect(text == "Content-Type: text/plain\r\nETag: \"1\"\r\n")
    }

    @Test mutating func appendsToLists() {
        fields.append("Origin", toListOf: .vary)
        fields.append("GET", toListOf: .allow)
        #expect(fields[.vary] == "Accept, Origin")
        #expect(fields[.allow] == "GET")
    }

    @Test mutating func knowsWhetherTheContentIsCoded() {
        #expect(!fields.isCoded)
        fields[.contentEncoding] = "gzip"
        #expect(fields.isCoded)
        #expect(ResponseFields(fields, room: 0).isCoded)
        fields[.contentEncoding] = nil
        #expect(!fields.isCoded)
    }

    @Test mutating func addsALine() {
        fields.append("X-Request-Id", "a\nb")
        #expect(text.hasSuffix("ETag: \"1\"\r\nX-Request-Id: a b\r\n"))
    }

    @Test func takesTheLastOfTwoValues() {
        let twice: ResponseFields = [.vary: "Accept", .vary: "Origin"]
        #expect(twice == [.vary: "Origin"])
    }
}
