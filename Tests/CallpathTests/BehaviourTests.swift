import Foundation
import Testing
import WireCases

/// Holds the list of behaviours and the tests together: none without a test, no test of what is not on the list.
struct BehaviourTests {
    @Test func everyBehaviourHasATest() throws {
        let rows = Set(WireCase.all.map(\.id)).union(InterfaceConformanceTests.rows.map(\.id))
            .union(InterfaceConformanceTests.codings.map(\.0))
        let tested = try rows.union(Self.idsInTestNames())
        #expect(Behaviours.ids.count == 402)
        #expect(Set(Behaviours.ids).subtracting(tested).sorted() == [], "without a test")
        #expect(tested.subtracting(Behaviours.ids).sorted() == [], "not on the list")
    }

    /// The ids before the colon in the names of the tests beside this file, as in `@Test("GZ-12, GZ-13: a bomb ...")`.
    private static func idsInTestNames() throws -> Set<String> {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        var ids: Set<String> = []
        for file in files where file.pathExtension == "swift" && file.lastPathComponent != "BehaviourTests.swift" {
            let text = try String(contentsOf: file, encoding: .utf8)
            for name in text.matches(of: /@Test\(\s*"((?:[A-Z]+-\d\d(?:, )?)+):/) {
                ids.formUnion(name.1.split(separator: ", ").map(String.init))
            }
        }
        return ids
    }
}
