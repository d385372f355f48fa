"""Decodes requests of OTLP with OpenTelemetry's own Python package, and prints what they say as lines of JSON.

    decode.py FILE…      files end in .traces.protobuf, .logs.json and the like

Whatever the package does not know, or cannot read, is an error.
"""
import base64
import json
import sys

from google.protobuf import json_format
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

MESSAGES = {
    "traces": ExportTraceServiceRequest, "metrics": ExportMetricsServiceRequest, "logs": ExportLogsServiceRequest,
}
IDS = {"traceId": 16, "spanId": 8, "parentSpanId": 8}


def as_protobuf_has_it(value, name=None):
    """OTLP's JSON differs from protobuf's: ids are hexadecimal, and enums are numbers."""
    if isinstance(value, dict):
        return {key: as_protobuf_has_it(inner, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [as_protobuf_has_it(inner, name) for inner in value]
    if name in IDS:
        identifier = bytes.fromhex(value)
        assert len(identifier) == IDS[name], f"{name} is of {len(identifier)} bytes"
        return base64.b64encode(identifier).decode()
    if name in ("kind", "code", "severityNumber", "aggregationTemporality"):
        assert isinstance(value, int), f"{name} is no number: {value!r}"
    if name and (name.endswith("UnixNano") or name in ("asInt", "intValue", "count")):
        assert isinstance(value, str), f"{name} is no string: {value!r}"
    return value


def read(path):
    _, signal, encoding = path.rsplit(".", 2)
    message = MESSAGES[signal]()
    body = open(path, "rb").read()
    if encoding == "json":
        json_format.ParseDict(as_protobuf_has_it(json.loads(body)), message)
    else:
        message.ParseFromString(body)
        again = MESSAGES[signal]()
        again.ParseFromString(message.SerializeToString())
        again.DiscardUnknownFields()
        assert again == message, "there are fields that nobody knows"
    return signal, message


def plain(value):
    kind = value.WhichOneof("value")
    return getattr(value, kind) if kind else None


def attributes(items):
    return {item.key: plain(item.value) for item in items}


def told(signal, message):
    if signal == "traces":
        for resource in message.resource_spans:
            for scope in resource.scope_spans:
                for span in scope.spans:
                    yield {
                        "resource": attributes(resource.resource.attributes), "scope": scope.scope.name,
                        "trace": span.trace_id.hex(), "span": span.span_id.hex(),
                        "parent": span.parent_span_id.hex(), "name": span.name, "kind": span.kind,
                        "start": span.start_time_unix_nano, "end": span.end_time_unix_nano,
                        "attributes": attributes(span.attributes), "status": span.status.code,
                        "message": span.status.message, "flags": span.flags,
                    }
    elif signal == "metrics":
        for resource in message.resource_metrics:
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    kind = metric.WhichOneof("data")
                    data = getattr(metric, kind)
                    for point in data.data_points:
                        line = {
                            "resource": attributes(resource.resource.attributes), "name": metric.name,
                            "unit": metric.unit, "description": metric.description, "kind": kind,
                            "attributes": attributes(point.attributes), "time": point.time_unix_nano,
                        }
                        if kind == "histogram":
                            line.update(
                                count=point.count, sum=point.sum, bounds=list(point.explicit_bounds),
                                counts=list(point.bucket_counts), temporality=data.aggregation_temporality,
                                start=point.start_time_unix_nano,
                                exemplars=[
                                    {
                                        "trace": example.trace_id.hex(), "span": example.span_id.hex(),
                                        "value": example.as_double, "time": example.time_unix_nano,
                                    }
                                    for example in point.exemplars
                                ])
                        else:
                            line["value"] = getattr(point, point.WhichOneof("value"))
                        if kind == "sum":
                            line.update(
                                monotonic=data.is_monotonic, temporality=data.aggregation_temporality,
                                start=point.start_time_unix_nano)
                        yield line
    else:
        for resource in message.resource_logs:
            for scope in resource.scope_logs:
                for record in scope.log_records:
                    yield {
                        "resource": attributes(resource.resource.attributes), "body": plain(record.body),
                        "severity": record.severity_number, "level": record.severity_text,
                        "attributes": attributes(record.attributes), "trace": record.trace_id.hex(),
                        "span": record.span_id.hex(), "time": record.time_unix_nano,
                    }


for path in sys.argv[1:]:
    signal, message = read(path)
    for line in told(signal, message):
        print(json.dumps({"signal": signal, **line}))
