import Metrics
import Testing

struct MetricsLintTests {
    @Test(arguments: [
        ("callpath_http_requests_total", "counter"), ("callpath_connections_open", "gauge"),
        ("callpath_http_request_duration_seconds", "histogram"), ("process_resident_memory_bytes", "gauge"),
        ("process_open_fds", "gauge"), ("callpath_compression_ratio", "gauge"),
    ])
    func letsConventionalNamesPass(name: String, kind: String) {
        #expect(MetricsLint.problems(name: name, kind: kind, help: "Help.", labels: ["method", "status_code"]).isEmpty)
    }

    @Test(arguments: [
        ("callpath_requests", "counter", "_total"), ("callpath_depth_total", "gauge", "_total"),
        ("callpath_request_milliseconds", "histogram", "seconds"), ("callpath_wait_ms", "gauge", "abbreviated"),
        ("callpath_size_kilobytes", "gauge", "bytes"), ("callpath_size_mb", "gauge", "abbreviated"),
        ("callpathRequests_total", "counter", "snake_case"), ("callpath_open_gauge", "gauge", "type gauge"),
        ("callpath_calls_counter_total", "counter", "type counter"), ("callpath_calls_count", "gauge", "_count"),
        ("callpath_calls_sum", "gauge", "_sum"), ("callpath_calls_bucket", "gauge", "_bucket"),
        ("callpath:calls", "gauge", "characters"), ("1callpath", "gauge", "characters"), ("", "gauge", "characters"),
        ("call path", "gauge", "characters"), ("callpath_é", "gauge", "characters"),
        ("callpath_cpu_percent", "gauge", "ratio"),
    ])
    func namesWhatBreaksAConvention(name: String, kind: String, problem: String) {
        let problems = MetricsLint.problems(name: name, kind: kind, help: "Help.", labels: [])
        #expect(problems.contains { $0.contains(problem) }, "\(problems)")
    }

    @Test(arguments: ["le", "quantile", "__name", "statusCode", "status-code", "", "9"])
    func refusesLabels(label: String) {
        #expect(!MetricsLint.problems(name: "callpath_open", kind: "gauge", help: "Help.", labels: [label]).isEmpty)
    }

    @Test func asksForHelp() {
        #expect(MetricsLint.problems(name: "callpath_open", kind: "gauge", help: "", labels: []) == ["no help text"])
    }

    @Test func aRegistryNamesItsBadMetrics() {
        let registry = MetricsRegistry()
        _ = registry.counter("callpath_requests", "Requests.")
        _ = registry.gauge("callpath_open", "Open.")
        #expect(registry.problems.count == 1)
        #expect(registry.problems.first?.hasPrefix("callpath_requests: ") == true)
    }

    @Test func stopsAtANameRegisteredTwice() async {
        await #expect(processExitsWith: .failure) {
            let registry = MetricsRegistry()
            _ = registry.gauge("callpath_open", "Open.")
            _ = registry.gauge("callpath_open", "Open.")
        }
    }
}
