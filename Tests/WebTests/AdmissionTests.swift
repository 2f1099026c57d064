import HTTP
import HTTPTypes
import Testing

@testable import Web

struct AdmissionTests {
    private let start = ContinuousClock.now

    @Test func letsABurstThroughAndThenTheRate() throws {
        let admission = Admission(limits: AdmissionLimits(requestsPerSecond: 10, burst: 2))
        try admission.enter("a", now: start)
        try admission.enter("a", now: start)
        #expect(throws: Problem.self) { try admission.enter("a", now: start) }
        try admission.enter("b", now: start)
        try admission.enter("a", now: start + .milliseconds(100))
        #expect(throws: Problem.self) { try admission.enter("a", now: start + .milliseconds(150)) }
    }

    @Test func saysWhenToTryAgain() {
        let admission = Admission(limits: AdmissionLimits(requestsPerSecond: 0.1, burst: 1))
        #expect(throws: Never.self) { try admission.enter("a", now: start) }
        let problem = #expect(throws: Problem.self) { try admission.enter("a", now: start + .seconds(3)) }
        #expect(problem?.code == .tooManyRequests)
        #expect(problem?.fields[.retryAfter] == "7")
    }

    @Test func boundsWhatOneClientHasInFlight() throws {
        let admission = Admission(limits: AdmissionLimits(concurrentRequests: 1))
        try admission.enter("a", now: start)
        #expect(throws: Problem.self) { try admission.enter("a", now: start) }
        admission.leave("a")
        try admission.enter("a", now: start)
    }

    @Test func forgetsIdleClientsWhenThereAreTooMany() throws {
        let admission = Admission(limits: AdmissionLimits(requestsPerSecond: 1, burst: 1))
        for number in 0..<Admission.maximumClientCount { try admission.enter("\(number)", now: start) }
        #expect(throws: Problem.self) { try admission.enter("newcomer", now: start) }
        for number in 0..<Admission.maximumClientCount { admission.leave("\(number)") }
        try admission.enter("newcomer", now: start + .seconds(2))
    }

    /// An address has no port, so what follows its last colon is a part of it.
    @Test func tellsClientsApartByTheirWholeAddress() {
        let addresses = ["2001:db8::1", "2001:db8::2", "2001:db8:0:1::1", "127.0.0.1", "127.0.0.2", "unix"]
        let names = addresses.map { address in
            let request = Request(method: .get, target: "/", fields: [:])
            return Admission.address(of: Request(request, client: Client(address: address)))
        }
        #expect(Set(names).count == addresses.count)
    }
}
