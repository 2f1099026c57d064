import HTTPTypes
import Testing

@testable import HTTP

struct PreconditionsTests {
    typealias Verdict = Preconditions.Verdict

    @Test(arguments: [
        ("\"5\"", true, Verdict.notModified), ("\"5\"", false, .failed), ("*", true, .notModified),
        ("*", false, .failed),
        ("W/\"5\"", true, .notModified), ("\"4\", W/\"5\"", true, .notModified), ("\"4\",,\"5\"", true, .notModified),
        ("\"5-gzip\"", true, .notModified), ("\"4\"", true, .proceed), ("\"4\"", false, .proceed),
        ("5", true, .proceed), ("\"5", true, .proceed), ("", true, .proceed), ("w/\"5\"", true, .proceed),
    ])
    func ifNoneMatchComparesWeakly(value: String, isRead: Bool, expected: Verdict) {
        let preconditions = Preconditions(Request(method: .get, target: "/", fields: [.ifNoneMatch: value]).fields)
        #expect(preconditions.verdict(current: EntityTag("5"), isRead: isRead) == expected)
    }

    @Test(arguments: [
        ("\"5\"", Verdict.proceed), ("*", .proceed), ("\"1\", \"5\"", .proceed), ("\"5-gzip\"", .proceed),
        ("\"4\"", .failed), ("W/\"5\"", .failed), ("5", .failed), ("", .failed),
    ])
    func ifMatchComparesStrongly(value: String, expected: Verdict) {
        let preconditions = Preconditions(Request(method: .put, target: "/", fields: [.ifMatch: value]).fields)
        #expect(preconditions.verdict(current: EntityTag("5"), isRead: false) == expected)
    }

    @Test func nothingMatchesWhatDoesNotExist() {
        let create = Preconditions(Request(method: .put, target: "/", fields: [.ifNoneMatch: "*"]).fields)
        #expect(create.verdict(current: nil, isRead: false) == .proceed)
        let change = Preconditions(Request(method: .put, target: "/", fields: [.ifMatch: "*"]).fields)
        #expect(change.verdict(current: nil, isRead: false) == .failed)
    }

    @Test func ifMatchIsJudgedFirst() {
        let fields: HTTPFields = [.ifMatch: "\"4\"", .ifNoneMatch: "\"5\""]
        let preconditions = Preconditions(Request(method: .get, target: "/", fields: fields).fields)
        #expect(preconditions.verdict(current: EntityTag("5"), isRead: true) == .failed)
        #expect(!preconditions.isEmpty)
        #expect(Preconditions(Request(method: .get, target: "/").fields).isEmpty)
    }
}
