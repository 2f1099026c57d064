import Foundation
import JSON
import Testing

/// The operations of each module are those that `docs/trace.md` promises.
struct TracePageTests {
    @Test func tracesTheOperationsOfThePage() throws {
        let page = try String(contentsOf: repository.appendingPathComponent("docs/trace.md"), encoding: .utf8)
        let rows = page.matches(of: #/\| `(\{.*\})` \| `(.*)` \| (.*) \|/#).map(\.output)
        #expect(rows.count >= 30)
        let server = try RunningServer()
        let client = try Client(port: server.port)
        for (row, module, input, operations) in rows {
            #expect([200, 201].contains(try client.json("PUT", "/v1/modules/traced", String(module)).status), "\(row)")
            let answer = try client.json("POST", "/v1/modules/traced/trace", #"{"inputs": [\#(input)]}"#)
            let events = try JSONValue(parsing: answer.body)["events"]?.asArray ?? []
            let names = events.filter { $0["event"] == "operation" }.compactMap { $0["name"]?.asString }
            #expect(names == operations.matches(of: #/`(\w+)`/#).map { String($0.output.1) }, "\(row)")
        }
    }
}
