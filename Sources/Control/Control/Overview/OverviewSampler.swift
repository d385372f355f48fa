import FleetCore
import Signals

/// What happened a second, and how long it took: from what counters and histograms have grown by.
struct OverviewSampler {
    struct Rates {
        /// A second, by key.
        var rates: [String: Double] = [:]
        /// In seconds, by key.
        var quantiles: [String: (p50: Double, p99: Double)] = [:]
    }

    /// Rates are told of so long a time, quantiles of as long again.
    static let window = Duration.seconds(10)

    private var samples: [(at: ContinuousClock.Instant, totals: [String: Double])] = []
    private var earlier: (at: ContinuousClock.Instant, distributions: [String: Distribution])?
    private var quantiles: [String: (p50: Double, p99: Double)] = [:]

    /// - Parameters:
    ///   - totals: what only grows, by key.
    ///   - distributions: of times, by key.
    mutating func sample(
        _ totals: [String: Double], _ distributions: [String: Distribution], at now: ContinuousClock.Instant = .now
    ) -> Rates {
        var result = Rates()
        if let before = samples.first {
            let seconds = (now - before.at).inSeconds
            for (key, total) in totals {
                guard seconds > 0.1, let old = before.totals[key], total >= old else { continue }
                result.rates[key] = (total - old) / seconds
            }
        }
        samples.append((now, totals))
        // One that is older than the window stays: it is where the window begins.
        while samples.count > 1, now - samples[1].at >= Self.window { samples.removeFirst() }
        if let before = earlier {
            if now - before.at >= Self.window {
                quantiles = [:]
                for (key, distribution) in distributions {
                    let new = before.distributions[key].map { distribution.since($0) } ?? distribution
                    guard let p50 = new.quantile(0.5), let p99 = new.quantile(0.99) else { continue }
                    quantiles[key] = (p50, p99)
                }
                earlier = (now, distributions)
            }
        } else {
            earlier = (now, distributions)
        }
        result.quantiles = quantiles
        return result
    }
}

extension OverviewSampler {
    /// What of a fleet's readings grows, by the keys that ``OverviewBuilder`` asks for.
    static func totals(of readings: OverviewReadings, work: [FleetRun.Work]) -> [String: Double] {
        var totals: [String: Double] = [:]
        func add(_ key: String, _ number: Double) { totals[key, default: 0] += number }
        // Where nothing failed, nothing was counted.
        for service in readings.sums(FleetMetrics.storeUp.name).keys { add("errors \(service)", 0) }
        for (service, number) in readings.sums(StoreSignal.commits) { add("server \(service)", number) }
        for (service, number) in readings.sums(StoreSignal.rollbacks) { add("server \(service)", number) }
        for (service, number) in readings.sums(StoreSignal.deadlocks) { add("errors \(service)", number) }
        for (service, number) in readings.sums(FleetMetrics.lookFailures.name) { add("errors \(service)", number) }
        for (service, number) in readings.sums(StoreSignal.lockWait) { add("wait \(service)", number) }
        for (subject, number) in readings.sums(FleetMetrics.failures.name) {
            add("errors \(subject.prefix { $0 != "." })", number)
        }
        for series in readings.series(FleetMetrics.storeDuration) where series.isCommit {
            add("own \(series.labels[0])", Double(series.distribution?.count ?? 0))
        }
        for work in work { add("work \(work.subject) \(work.stream)", Double(work.progress.snapshot.count)) }
        return totals
    }

    /// How long things took, by the keys that ``OverviewBuilder`` asks for.
    static func distributions(of readings: OverviewReadings) -> [String: Distribution] {
        var distributions: [String: Distribution] = [:]
        func add(_ key: String, _ new: Distribution?) {
            guard let new else { return }
            distributions[key] = distributions[key].map { $0.merged(with: new) } ?? new
        }
        for series in readings.series(FleetMetrics.storeDuration) where series.isCommit {
            add("own \(series.labels[0])", series.distribution)
        }
        for series in readings.series(FleetMetrics.relayLatency) {
            add("relay \(series.labels[0])", series.distribution)
        }
        for series in readings.series(FleetMetrics.deliveryLatency) {
            add("work \(series.labels[0]) \(series.labels[1])", series.distribution)
        }
        return distributions
    }
}

extension SeriesReading {
    /// Of `db.client.operation.duration`: whether it is a transaction that was committed.
    fileprivate var isCommit: Bool { labels.count > 2 && labels[2] != "capture" && labels.last == "" }
}
