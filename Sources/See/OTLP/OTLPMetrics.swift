import FleetCore
import Signals
import Traces

/// What a registry says, as metrics of OTLP. Everything counts from the beginning of its series, which is not told where
/// somebody else counts.
extension OTLP {
    private static let cumulative = OTLPField(2, "aggregationTemporality", .small(2))

    static func metric(_ family: FamilyReading, at now: Timestamp) -> OTLPMessage {
        let metric = family.metric
        var fields: OTLPMessage = [
            OTLPField(1, "name", .text(metric.name)), OTLPField(2, "description", .text(metric.meaning)),
            OTLPField(3, "unit", .text(metric.unit.text)),
        ]
        let points = family.series.map { point($0, metric, at: now) }
        switch metric.kind {
        case .gauge where metric.isSum:
            // What OpenTelemetry calls an UpDownCounter: a sum that is not monotonic.
            fields.append(
                OTLPField(7, "sum", .message([OTLPField(1, "dataPoints", .messages(points)), cumulative])))
        case .gauge, .info:
            fields.append(OTLPField(5, "gauge", .message([OTLPField(1, "dataPoints", .messages(points))])))
        case .counter:
            fields.append(
                OTLPField(
                    7, "sum",
                    .message([
                        OTLPField(1, "dataPoints", .messages(points)), cumulative,
                        OTLPField(3, "isMonotonic", .flag(true)),
                    ])))
        case .histogram:
            fields.append(
                OTLPField(
                    9, "histogram", .message([OTLPField(1, "dataPoints", .messages(points)), cumulative])))
        }
        return fields
    }

    private static func point(_ series: SeriesReading, _ metric: Metric, at now: Timestamp) -> OTLPMessage {
        let attributes = attributes(metric.labels(of: series.labels))
        var fields: OTLPMessage = []
        if metric.kind == .counter || metric.kind == .histogram, let created = series.created {
            // A clock that was put back has nothing begin after it was read.
            fields.append(OTLPField(2, "startTimeUnixNano", time(min(created, now))))
        }
        fields.append(OTLPField(3, "timeUnixNano", time(now)))
        switch series.value {
        case .count(let count):
            fields.append(OTLPField(6, "asInt", .signedFixed64(Int64(clamping: count))))
            fields.append(OTLPField(7, "attributes", .messages(attributes)))
        case .number(let number):
            fields.append(OTLPField(4, "asDouble", .real(number)))
            fields.append(OTLPField(7, "attributes", .messages(attributes)))
        case .distribution(let distribution):
            let cumulative = distribution.cumulative
            // What is in each bucket, the last of which is for all that is larger than every bound.
            let counts = zip(cumulative, [0] + cumulative).map { $0 - $1 }
            fields += [
                OTLPField(4, "count", .fixed64(cumulative.last ?? 0)), OTLPField(5, "sum", .real(distribution.sum)),
                OTLPField(6, "bucketCounts", .fixed64s(counts)),
                OTLPField(7, "explicitBounds", .reals(distribution.bounds)),
            ]
            let exemplars = distribution.exemplars.sorted { $0.key < $1.key }.map { exemplar($0.value) }
            if !exemplars.isEmpty { fields.append(OTLPField(8, "exemplars", .messages(exemplars))) }
            fields.append(OTLPField(9, "attributes", .messages(attributes)))
        }
        return fields
    }

    private static func exemplar(_ exemplar: Exemplar) -> OTLPMessage {
        [
            OTLPField(2, "timeUnixNano", time(exemplar.at)), OTLPField(3, "asDouble", .real(exemplar.value)),
            OTLPField(4, "spanId", .identifier(exemplar.context.span.bytes)),
            OTLPField(5, "traceId", .identifier(exemplar.context.trace.bytes)),
        ]
    }
}
