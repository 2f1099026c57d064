import Synchronization

/// The metrics of a process, and how Prometheus reads them.
///
/// Names follow Prometheus' conventions: a prefix, the base unit (`seconds`, `bytes`), `_total` for counters. `problems`
/// says which metrics break them.
package final class MetricsRegistry: Sendable {
    private struct Metric: Sendable {
        let name: String
        let help: String
        let kind: String
        let labels: [String]
        let write: @Sendable (inout Exposition) -> Void
    }

    private let metrics = Mutex<[Metric]>([])

    package init() {}

    /// What `MetricsLint` has to say of the metrics; for tests, since asking is a fifth of the time a server takes to start.
    package var problems: [String] {
        metrics.withLock { $0 }.flatMap { metric in
            MetricsLint.problems(name: metric.name, kind: metric.kind, help: metric.help, labels: metric.labels)
                .map { "\(metric.name): \($0)" }
        }
    }

    private func add(
        _ name: String,
        _ help: String,
        kind: String,
        labels: [String] = [],
        write: @escaping @Sendable (inout Exposition) -> Void
    ) {
        metrics.withLock { metrics in
            precondition(!metrics.contains { $0.name == name }, "the metric \(name) is there already")
            metrics.append(Metric(name: name, help: help, kind: kind, labels: labels, write: write))
        }
    }

    /// Adds a counter.
    package func counter(_ name: String, _ help: String) -> Counter {
        let counter = Counter()
        self.counter(name, help) { Double(counter.value) }
        return counter
    }

    /// Adds a counter that someone else keeps.
    package func counter(_ name: String, _ help: String, read: @escaping @Sendable () -> Double) {
        add(name, help, kind: "counter") { $0.sample(name, value: read()) }
    }

    /// Adds a counter with labels, of at most `limit` combinations of values.
    package func counters(_ name: String, _ help: String, labels: [String], limit: Int = 1000) -> Family<Counter> {
        let family = Family(labelNames: labels, limit: limit) { Counter() }
        add(name, help, kind: "counter", labels: labels) { exposition in
            for (values, counter) in family.all {
                exposition.sample(name, labels: zip(labels, values.values), value: Double(counter.value))
            }
        }
        return family
    }

    /// Adds a gauge.
    package func gauge(_ name: String, _ help: String) -> Gauge {
        let gauge = Gauge()
        self.gauge(name, help) { Double(gauge.value) }
        return gauge
    }

    /// Adds a gauge that is read when somebody looks; `nil` leaves it out.
    package func gauge(_ name: String, _ help: String, read: @escaping @Sendable () -> Double?) {
        add(name, help, kind: "gauge") { exposition in
            if let value = read() { exposition.sample(name, value: value) }
        }
    }

    /// Adds a gauge with labels.
    package func gauges(_ name: String, _ help: String, labels: [String], limit: Int = 1000) -> Family<Gauge> {
        let family = Family(labelNames: labels, limit: limit) { Gauge() }
        add(name, help, kind: "gauge", labels: labels) { exposition in
            for (values, gauge) in family.all {
                exposition.sample(name, labels: zip(labels, values.values), value: Double(gauge.value))
            }
        }
        return family
    }

    /// Adds a histogram.
    package func histogram(
        _ name: String,
        _ help: String,
        bounds: [Double] = Histogram.latencyBounds
    ) -> Histogram {
        let histogram = Histogram(bounds: bounds)
        add(name, help, kind: "histogram") { $0.histogram(name, histogram) }
        return histogram
    }

    /// Adds a histogram with labels.
    package func histograms(
        _ name: String,
        _ help: String,
        labels: [String],
        bounds: [Double] = Histogram.latencyBounds,
        limit: Int = 1000
    ) -> Family<Histogram> {
        let family = Family(labelNames: labels, limit: limit) { Histogram(bounds: bounds) }
        add(name, help, kind: "histogram", labels: labels) { exposition in
            for (values, histogram) in family.all {
                exposition.histogram(name, labels: Array(zip(labels, values.values)), histogram)
            }
        }
        return family
    }

    /// The names and kinds of all metrics, in the order in which they were added.
    package var names: [(name: String, kind: String)] {
        metrics.withLock { $0 }.map { ($0.name, $0.kind) }
    }

    /// Writes all metrics in Prometheus' text format, version 0.0.4.
    package func expose() -> [UInt8] {
        var exposition = Exposition()
        for metric in metrics.withLock({ $0 }) {
            exposition.header(metric.name, help: metric.help, kind: metric.kind)
            metric.write(&exposition)
        }
        return exposition.bytes
    }

    /// The media type of what `expose` writes.
    package static let mediaType = "text/plain; version=0.0.4; charset=utf-8"
}
