import Testing
import WireCases

/// JSONTestSuite through the wire: each text as the body of a call to the binary.
@Suite(.timeLimit(.minutes(10)))
struct JSONSuiteTests {
    @Test func everyTextIsReadOrRefusedWhereItIsWrong() throws {
        let server = try RunningServer()
        let client = try Client(port: server.port)
        let layer = #"{"name": "fc", "type": "Linear", "in_features": 4, "out_features": 3}"#
        #expect(try client.json("POST", "/v1/modules", layer).status == 201)
        for row in JSONCase.all {
            let fields = ["Content-Type": "application/json"]
            let answer = try client.send("POST", "/v1/modules/fc/call", fields: fields, body: row.octets)
            // A text that is JSON is none that this resource asks for: that is another problem, of another status.
            let isRefused = answer.status == 400 || answer.text.contains(#""code":"value_out_of_range""#)
            #expect(isRefused == !row.isAccepted, "\(row): \(answer.status) \(answer.text)")
            #expect(answer.status == 400 || answer.status == 422, "\(row): \(answer.status) \(answer.text)")
            if isRefused { #expect(answer.text.contains(#""offset":"#), "\(row): \(answer.text)") }
        }
        #expect(try client.json("POST", "/v1/modules/fc/call", #"{"input": [1, 2, 3, 4]}"#).status == 200)
    }
}
