#!/usr/bin/env python3
"""A second implementation of tail sampling, after the documentation of OpenTelemetry's processor, independent of Flotilla's.

It makes a set of traces, decides on them by several policies, and writes both to recorded.json beside it. The tests compare
Flotilla's decisions with these.
https://github.com/open-telemetry/opentelemetry-collector-contrib/tree/main/processor/tailsamplingprocessor

    python3 reference.py
"""
import json
import pathlib
import random
import re
from fractions import Fraction

WAIT = 3_000_000  # microseconds
MASK = 2**64 - 1


# What is said of all spans.
RESOURCE = {"deployment": "test", "instances": 3}


# Policies. `spans` are dictionaries with start, end, status and attributes; `now` is in microseconds.

class Always:
    def __init__(self, _):
        pass

    def decide(self, trace, spans, now):
        return "sampled"


class Latency:
    def __init__(self, settings):
        self.low = settings["threshold_ms"]
        self.high = settings.get("upper_threshold_ms", 0)

    def decide(self, trace, spans, now):
        took = max(s["end"] for s in spans) - min(s["start"] for s in spans)
        if self.high:
            return sampled(self.low * 1000 < took <= self.high * 1000)
        return sampled(took >= self.low * 1000)


class StatusCode:
    def __init__(self, settings):
        self.codes = set(settings["status_codes"])

    def decide(self, trace, spans, now):
        return sampled(any(s["status"] in self.codes for s in spans))


class Attribute:
    """Of the resource or of a span. `invert_match` turns the answer round, and vetoes nothing (since version 0.156)."""

    def __init__(self, settings):
        self.key = settings["key"]
        self.invert = settings.get("invert_match", False)

    def decide(self, trace, spans, now):
        values = [a[self.key] for a in [RESOURCE] + [s["attributes"] for s in spans] if self.key in a]
        return sampled(any(self.matches(v) for v in values) != self.invert)


class StringAttribute(Attribute):
    def __init__(self, settings):
        super().__init__(settings)
        self.values = settings["values"]
        self.is_regex = settings.get("enabled_regex_matching", False)

    def matches(self, value):
        if type(value) is not str:
            return False
        return any(re.search(v, value) if self.is_regex else v == value for v in self.values)


class NumericAttribute(Attribute):
    def __init__(self, settings):
        super().__init__(settings)
        self.low = settings.get("min_value", -2**63)
        self.high = settings.get("max_value", 2**63 - 1)

    def matches(self, value):
        return type(value) is int and self.low <= value <= self.high


class BooleanAttribute(Attribute):
    def __init__(self, settings):
        super().__init__(settings)
        self.value = settings["value"]

    def matches(self, value):
        return type(value) is bool and value == self.value


class SpanCount:
    def __init__(self, settings):
        self.low = settings.get("min_spans", 0)
        self.high = settings.get("max_spans", 0)

    def decide(self, trace, spans, now):
        return sampled(self.low <= len(spans) and (not self.high or len(spans) <= self.high))


class RateLimiting:
    """A token bucket that holds twice what a second gives."""

    def __init__(self, settings):
        self.rate = settings["spans_per_second"]
        self.tokens = Fraction(2 * self.rate)
        self.last = None

    def decide(self, trace, spans, now):
        if self.last is not None:
            gained = Fraction(max(0, now - self.last) * self.rate, 1_000_000)
            self.tokens = min(Fraction(2 * self.rate), self.tokens + gained)
        self.last = now
        if len(spans) > self.tokens:
            return "not sampled"
        self.tokens -= len(spans)
        return "sampled"


class Probabilistic:
    def __init__(self, settings):
        self.salt = settings.get("hash_salt") or "default-hash-seed"
        self.threshold = int(Fraction(settings["sampling_percentage"] / 100) * MASK)

    def decide(self, trace, spans, now):
        digest = 0xCBF29CE484222325
        for byte in self.salt.encode() + bytes.fromhex(trace):
            digest = ((digest ^ byte) * 0x100000001B3) & MASK
        return sampled(digest <= self.threshold)


class And:
    def __init__(self, settings):
        self.parts = [policy(p) for p in settings["and_sub_policy"]]

    def decide(self, trace, spans, now):
        for part in self.parts:
            if part.decide(trace, spans, now) != "sampled":
                return "not sampled"
        return "sampled"


class Drop(And):
    def __init__(self, settings):
        self.parts = [policy(p) for p in settings["drop_sub_policy"]]

    def decide(self, trace, spans, now):
        return "dropped" if super().decide(trace, spans, now) == "sampled" else "not sampled"


class Composite:
    def __init__(self, settings):
        self.total = settings["max_total_spans_per_second"]
        self.parts = [policy(p) for p in settings["composite_sub_policy"]]
        self.allowed = [p["spans_per_second"] for p in settings["rate_allocation"]]
        self.used = [0] * len(self.parts)
        self.second = None

    def decide(self, trace, spans, now):
        if self.second != now // 1_000_000:
            self.second = now // 1_000_000
            self.used = [0] * len(self.parts)
        for index, part in enumerate(self.parts):
            if part.decide(trace, spans, now) == "sampled":
                would_be = self.used[index] + len(spans)
                if would_be <= self.allowed[index] and would_be <= self.total:
                    self.used[index] = would_be
                    return "sampled"
                return "not sampled"
        return "not sampled"


KINDS = {
    "always_sample": Always, "latency": Latency, "status_code": StatusCode, "string_attribute": StringAttribute,
    "numeric_attribute": NumericAttribute, "boolean_attribute": BooleanAttribute, "span_count": SpanCount,
    "rate_limiting": RateLimiting, "probabilistic": Probabilistic, "and": And, "drop": Drop, "composite": Composite,
}


def policy(settings):
    return KINDS[settings["type"]](settings)


def sampled(yes):
    return "sampled" if yes else "not sampled"


def run(arrivals, settings):
    """For each arrival whether its span is kept."""
    policies = [policy(p) for p in settings]
    waiting, order, decided = {}, [], {}

    def decide(now):
        while order and order[0][0] <= now:
            due, trace = order.pop(0)
            spans = [arrivals[i] for i in waiting[trace]]
            votes = [p.decide(trace, spans, due) for p in policies]
            decided[trace] = "dropped" not in votes and "sampled" in votes

    for index, arrival in enumerate(arrivals):
        decide(arrival["at"])
        trace = arrival["trace"]
        if trace not in waiting:
            waiting[trace] = []
            order.append((arrival["at"] + WAIT, trace))
        # A span that comes behind the decision follows it.
        if trace not in decided:
            waiting[trace].append(index)
    decide(2**62)
    return "".join("1" if decided[a["trace"]] else "0" for a in arrivals)


def record():
    chance = random.Random(2026)
    arrivals = []
    for number in range(240):
        trace = "%032x" % chance.getrandbits(128)
        begun = 1_000_000_000_000 + number * chance.choice([5_000, 20_000, 60_000])
        service = chance.choice(["orders", "billing", "stock", "mail"])
        slow = chance.random() < 0.1
        for _ in range(chance.randint(1, 6)):
            start = begun + chance.randint(0, 200_000)
            end = start + (chance.randint(900_000, 2_500_000) if slow else chance.randint(0, 90_000))
            late = chance.random() < 0.05
            arrivals.append({
                "trace": trace, "start": start, "end": end,
                "status": "ERROR" if chance.random() < 0.04 else chance.choice(["UNSET", "UNSET", "OK"]),
                "attributes": {"service": service} if chance.random() < 0.8 else {},
                "at": end + (chance.randint(4_000_000, 9_000_000) if late else chance.randint(0, 500_000)),
            })
    arrivals.sort(key=lambda a: a["at"])
    chance = random.Random(156)
    for arrival in arrivals:
        if chance.random() < 0.3:
            arrival["attributes"]["attempts"] = chance.randint(1, 6)
        if chance.random() < 0.3:
            arrival["attributes"]["again"] = chance.random() < 0.2
    return arrivals


ERRORS = {"type": "status_code", "status_codes": ["ERROR"]}
SLOW = {"type": "latency", "threshold_ms": 1000}
CASES = {
    "always": [{"type": "always_sample"}],
    "errors": [ERRORS],
    "errors and unset": [{"type": "status_code", "status_codes": ["ERROR", "UNSET"]}],
    "slow": [SLOW],
    "between": [{"type": "latency", "threshold_ms": 100, "upper_threshold_ms": 1500}],
    "attribute": [{"type": "string_attribute", "key": "service", "values": ["orders", "mail"]}],
    "attribute inverted": [
        {"type": "string_attribute", "key": "service", "values": ["orders"], "invert_match": True}],
    # An error with the attribute is kept all the same.
    "inverted beside others": [
        ERRORS, {"type": "string_attribute", "key": "service", "values": ["orders", "mail"], "invert_match": True}],
    "inverted within": [
        {"type": "and", "and_sub_policy": [
            SLOW, {"type": "string_attribute", "key": "service", "values": ["orders"], "invert_match": True}]}],
    "pattern": [
        {"type": "string_attribute", "key": "service", "values": ["^or", "il+"], "enabled_regex_matching": True}],
    "pattern inverted": [
        {"type": "string_attribute", "key": "service", "values": ["(bill|mail)"], "enabled_regex_matching": True,
         "invert_match": True}],
    "text of a number": [{"type": "string_attribute", "key": "attempts", "values": ["1", "2", "3"]}],
    "number": [{"type": "numeric_attribute", "key": "attempts", "min_value": 3, "max_value": 4}],
    "number at least": [{"type": "numeric_attribute", "key": "attempts", "min_value": 5}],
    "number inverted": [{"type": "numeric_attribute", "key": "attempts", "max_value": 4, "invert_match": True}],
    "flag": [{"type": "boolean_attribute", "key": "again", "value": True}],
    "flag inverted": [{"type": "boolean_attribute", "key": "again", "value": True, "invert_match": True}],
    "span count": [{"type": "span_count", "min_spans": 2, "max_spans": 3}],
    "span count at least": [{"type": "span_count", "min_spans": 5}],
    "of the resource": [
        {"type": "and", "and_sub_policy": [
            SLOW, {"type": "string_attribute", "key": "deployment", "values": ["test"]},
            {"type": "numeric_attribute", "key": "instances", "min_value": 2}]}],
    "of another resource": [{"type": "string_attribute", "key": "deployment", "values": ["production"]}],
    "a tenth": [{"type": "probabilistic", "sampling_percentage": 10}],
    "a third, salted": [{"type": "probabilistic", "sampling_percentage": 33.3, "hash_salt": "north"}],
    "rate": [{"type": "rate_limiting", "spans_per_second": 20}],
    "and": [{"type": "and", "and_sub_policy": [SLOW, {"type": "probabilistic", "sampling_percentage": 50}]}],
    "and with rate": [
        {"type": "and", "and_sub_policy": [
            {"type": "string_attribute", "key": "service", "values": ["orders"]},
            {"type": "rate_limiting", "spans_per_second": 5}]}],
    "composite": [{
        "type": "composite", "max_total_spans_per_second": 30,
        "composite_sub_policy": [ERRORS, SLOW, {"type": "probabilistic", "sampling_percentage": 60}],
        "rate_allocation": [{"spans_per_second": 15}, {"spans_per_second": 10}, {"spans_per_second": 5}]}],
    "a drop wins": [
        {"type": "always_sample"},
        {"type": "drop", "drop_sub_policy": [
            {"type": "string_attribute", "key": "service", "values": ["mail"]}]}],
    "several": [
        ERRORS, SLOW, {"type": "probabilistic", "sampling_percentage": 5},
        {"type": "rate_limiting", "spans_per_second": 3},
        {"type": "drop", "drop_sub_policy": [
            {"type": "string_attribute", "key": "service", "values": ["stock"]},
            {"type": "latency", "threshold_ms": 50}]}],
}


if __name__ == "__main__":
    arrivals = record()
    cases = [{"name": n, "policies": p, "kept": run(arrivals, p)} for n, p in CASES.items()]
    path = pathlib.Path(__file__).with_name("recorded.json")
    lines = ",\n".join(json.dumps(a, separators=(",", ":")) for a in arrivals)
    decisions = ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases)
    path.write_text('{"wait":%d,\n"resource":%s,\n"arrivals":[\n%s\n],\n"cases":[\n%s\n]}\n' % (
        WAIT, json.dumps(RESOURCE, separators=(",", ":")), lines, decisions))
