import HTTPTypes
import Testing

@testable import HTTP

struct RequestFieldsTests {
    @Test(arguments: [1, 12, 63, 64, 76, 128])
    func findsNamesOfAnyLength(count: Int) throws {
        let name = try #require(HTTPField.Name(String(repeating: "x", count: count)))
        let longer = try #require(HTTPField.Name(String(repeating: "x", count: count + 64)))
        let fields = Request(method: .get, target: "/", fields: [name: "value"]).fields
        #expect(fields[name] == "value")
        #expect(!fields.contains(longer))
        #expect(fields.values(of: longer).isEmpty)
    }

    @Test func tellsOneLineFromSeveral() {
        var fields = HTTPFields()
        fields.append(HTTPField(name: .accept, value: "a"))
        fields.append(HTTPField(name: .contentType, value: "b"))
        fields.append(HTTPField(name: .accept, value: "c"))
        let lines = Request(method: .get, target: "/", fields: fields).fields
        #expect(lines[.accept] == "a, c")
        #expect(lines.values(of: .accept) == ["a", "c"])
        #expect(lines.onlyValue(of: .accept) == nil)
        #expect(lines.onlyValue(of: .contentType) == "b")
        #expect(lines.onlyOctets(of: .accept) == nil)
        #expect(lines.onlyOctets(of: .contentType).map(Array.init) == Array("b".utf8))
        #expect(lines.onlyOctets(of: .acceptEncoding) == nil)
    }
}
