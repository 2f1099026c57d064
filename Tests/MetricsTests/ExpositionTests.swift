import Testing

@testable import Metrics

struct ExpositionTests {
    private let registry = MetricsRegistry()

    private var text: String { String(decoding: registry.expose(), as: UTF8.self) }

    @Test func writesCountersAndGauges() {
        let requests = registry.counter("callpath_requests_total", "Requests\nanswered.")
        let open = registry.gauge("callpath_connections", "Connections open.")
        requests.increment()
        requests.increment(by: 2)
        open.add(5)
        open.add(-7)
        #expect(
            text == """
                # HELP callpath_requests_total Requests\\nanswered.
                # TYPE callpath_requests_total counter
                callpath_requests_total 3
                # HELP callpath_connections Connections open.
                # TYPE callpath_connections gauge
                callpath_connections -2

                """
        )
    }

    @Test func writesLabelsInOrderAndEscaped() {
        let family = registry.counters("a_total", "A.", labels: ["route", "status"])
        family["/b", "200"].increment()
        family["/a\"\\\n", "404"].increment(by: 3)
        #expect(
            text.contains("a_total{route=\"/a\\\"\\\\\\n\",status=\"404\"} 3\na_total{route=\"/b\",status=\"200\"} 1\n")
        )
    }

    @Test func writesHistogramsCumulatively() {
        let histogram = registry.histogram("wait_seconds", "B.", bounds: [0.1, 1])
        for value in [0.0625, 0.0625, 0.5, 3] { histogram.observe(value) }
        histogram.observe(.microseconds(62_500))
        #expect(
            text == """
                # HELP wait_seconds B.
                # TYPE wait_seconds histogram
                wait_seconds_bucket{le="0.1"} 3
                wait_seconds_bucket{le="1"} 4
                wait_seconds_bucket{le="+Inf"} 5
                wait_seconds_sum 3.6875
                wait_seconds_count 5

                """
        )
    }

    @Test func keepsALabelOnOneLine() {
        let family = registry.gauges("a_files", "One\r\ntwo.", labels: ["path"])
        family["a\r\nb"].add(1)
        #expect(
            text == "# HELP a_files One\r\\ntwo.\n# TYPE a_files gauge\na_files{path=\"a\r\\nb\"} 1\n"
        )
    }

    @Test func sumsWhatIsLargeAndWhatIsSmall() {
        let histogram = Histogram(bounds: [1])
        for _ in 0..<2_000 { histogram.observe(1e12) }
        #expect(histogram.sum == 2e15)
        histogram.observe(-1)
        #expect(histogram.sum == 2e15 - 1)
        #expect(histogram.rangeCounts == [1, 2_000])
    }

    @Test func countsBeyondTheLimitAsOther() {
        let family = registry.counters("c_total", "C.", labels: ["path"], limit: 2)
        for path in ["/a", "/b", "/c", "/d", "/a"] { family[path].increment() }
        #expect(text.contains("c_total{path=\"/a\"} 2\nc_total{path=\"/b\"} 1\nc_total{path=\"other\"} 2\n"))
    }

    @Test func losesNoIncrementOfManyThreads() async {
        let counter = registry.counter("calls_total", "Calls.")
        let histogram = registry.histogram("e_seconds", "E.")
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<10_000 {
                        counter.increment()
                        histogram.observe(0.001)
                    }
                }
            }
        }
        #expect(counter.value == 80_000)
        #expect(histogram.rangeCounts.reduce(0, +) == 80_000)
        #expect(abs(histogram.sum - 80) < 1e-6)
    }

    @Test(arguments: [
        (1.0, "1"), (0.5, "0.5"), (.infinity, "+Inf"), (-.infinity, "-Inf"), (.nan, "NaN"), (1e300, "1e+300"),
    ])
    func writesNumbersAsGoReadsThem(value: Double, written: String) {
        #expect(Exposition.text(value) == written)
    }

    @Test func saysWhatTheProcessUses() throws {
        registry.addProcessMetrics()
        for name in [
            "process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds", "process_max_fds",
        ] {
            let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("\(name) ") })
            #expect(try #require(Double(line.dropFirst(name.count + 1))) > 0)
        }
    }
}
