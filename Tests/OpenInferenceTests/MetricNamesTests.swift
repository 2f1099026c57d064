import Metrics
import ModuleAPI
@testable import OpenInference
import Serving
import Testing
import Web

struct MetricNamesTests {
    @Test func followTheConventions() {
        let metrics = MetricsRegistry()
        metrics.addProcessMetrics()
        let registry = Registry(metrics: ServingMetrics(in: metrics))
        registry.addGauges(to: metrics)
        _ = API(registry: registry, metrics: metrics)
        #expect(metrics.problems.isEmpty)
    }
}
