internal import FleetCore
internal import Traces

/// Reads `sampling`: which traces are kept.
struct SamplingKeys {
    private static let known = ["wait", "traces", "memory", "slow", "share", "limit", "policies"]
    private static let mostTraces = 1_000_000

    let values: ValueReader
    var usualWait = TailSampler.Settings.usual.wait

    /// - Returns: what is usual besides, where the policies are the usual ones.
    func read(_ field: NamedValue?) -> (settings: TailSampler.Settings, usual: UsualSampling?) {
        var settings = TailSampler.Settings.usual
        settings.wait = usualWait
        guard let field, let fields = values.fields(field.value, "\"sampling\"", known: Self.known) else {
            return (settings, UsualSampling())
        }
        if let wait = fields["wait"] { settings.wait = readWait(wait) ?? settings.wait }
        if let traces = fields["traces"] { settings.traces = count(traces, Self.mostTraces) ?? settings.traces }
        settings.memory = values.size(fields["memory"]) ?? settings.memory
        settings.remembered = 2 * settings.traces
        var usual = UsualSampling()
        usual.slow = fields["slow"].flatMap { values.duration($0) } ?? usual.slow
        usual.share = fields["share"].flatMap(readShare) ?? usual.share
        usual.limit = fields["limit"].flatMap(spans) ?? usual.limit
        settings.policies = usual.policies(late: [:])
        guard let policies = fields["policies"] else { return (settings, usual) }
        for key in ["slow", "share", "limit"] {
            guard let field = fields[key] else { continue }
            values.log.error(
                at: field.mark, "\"\(key)\" is of the usual policies, and \"policies\" replaces them",
                remedy: "remove one of the two")
        }
        settings.policies = readPolicies(policies, depth: 0).map(\.policy)
        return (settings, nil)
    }

    private func readWait(_ field: NamedValue) -> Duration? {
        guard let wait = values.duration(field) else { return nil }
        guard wait <= .seconds(3600) else {
            values.log.error(at: field.value.mark, "\"wait\" is out of bounds", remedy: "write at most 1h")
            return nil
        }
        return wait
    }

    private func count(_ field: NamedValue, _ most: Int) -> Int? {
        guard let read = values.text(field.value, field.shown) else { return nil }
        if let count = Int(read.text), (1...most).contains(count) { return count }
        values.log.error(
            at: read.mark, "\(field.shown) is \(read.shown)", remedy: "write a whole number from 1 to \(most)")
        return nil
    }

    private func readShare(_ field: NamedValue) -> Double? {
        guard let read = values.text(field.value, field.shown) else { return nil }
        if let share = Double(read.text), (0...1).contains(share) { return share }
        values.log.error(
            at: read.mark, "\(field.shown) is \(read.shown), which is no share", remedy: "write between 0 and 1: 0.05")
        return nil
    }

    /// Spans a second.
    private func spans(_ field: NamedValue) -> Int? {
        guard let read = values.text(field.value, field.shown) else { return nil }
        if read.text.hasSuffix("/s"), let count = Int(read.text.dropLast(2)), (1...1_000_000).contains(count) {
            return count
        }
        values.log.error(
            at: read.mark, "\(read.shown) is no number of spans a second",
            remedy: "write a whole number above 0 and /s: 100/s; at most 1000000/s")
        return nil
    }

    // MARK: Policies

    private enum Kind: String, CaseIterable {
        case always = "always_sample"
        case latency
        case status = "status_code"
        case text = "string_attribute"
        case number = "numeric_attribute"
        case flag = "boolean_attribute"
        case count = "span_count"
        case rate = "rate_limiting"
        case share = "probabilistic"
        case and, composite, drop

        /// Its keys, besides `name` and `type`.
        var keys: [String] {
            switch self {
            case .always: []
            case .latency: ["threshold", "upper"]
            case .status: ["status_codes"]
            case .text: ["key", "values", "regex", "invert"]
            case .number: ["key", "min", "max", "invert"]
            case .flag: ["key", "value", "invert"]
            case .count: ["min", "max"]
            case .rate: ["spans"]
            case .share: ["share", "salt"]
            case .and, .drop: ["policies"]
            case .composite: ["limit", "policies"]
            }
        }
    }

    /// What OpenTelemetry's processor has besides.
    private static let foreign: Set<String> = [
        "bytes_limiting", "not", "ottl_condition", "trace_flags", "trace_state",
    ]

    private struct Read {
        var policy: SamplingPolicy
        /// Within a composite: the spans of a second that it may keep, as a share.
        var allocation: Double?
    }

    private func readPolicies(_ field: NamedValue, depth: Int, isComposite: Bool = false) -> [Read] {
        let remedy = "write a list: [{type: status_code, status_codes: [ERROR]}]"
        guard let items = values.list(field.value, "\"policies\"", remedy: remedy) else { return [] }
        if items.isEmpty {
            values.log.error(at: field.value.mark, "\"policies\" is empty", remedy: remedy)
        }
        guard depth < 4, items.count <= 100 else {
            values.log.error(
                at: field.value.mark, "there are too many policies, or too deep", remedy: "at most 100, 4 deep")
            return []
        }
        return items.compactMap { readPolicy($0, depth: depth, isComposite: isComposite) }
    }

    private func readPolicy(_ node: YAMLNode, depth: Int, isComposite: Bool) -> Read? {
        let all = ["name", "type", "allocation"] + Set(Kind.allCases.flatMap(\.keys)).sorted()
        guard let fields = values.fields(node, "a policy", known: all) else { return nil }
        let remedy = "add type: \(Kind.allCases.map(\.rawValue).joined(separator: ", "))"
        guard let type = values.required("type", of: fields, node, "a policy", remedy: remedy),
            let read = values.text(type.value, "\"type\"")
        else { return nil }
        guard let kind = kind(of: read) else { return nil }
        for (name, field) in fields where !(["name", "type"] + kind.keys).contains(name) {
            if name == "allocation", isComposite { continue }
            values.log.error(
                at: field.mark, "\(field.shown) is no key of a policy of the type \(kind.rawValue)",
                remedy: kind.keys.isEmpty ? "remove it" : "its keys are \(kind.keys.joined(separator: ", "))")
        }
        func required(_ key: String, _ remedy: String) -> NamedValue? {
            values.required(key, of: fields, node, "a policy of the type \(kind.rawValue)", remedy: remedy)
        }
        let policy: SamplingPolicy?
        switch kind {
        case .always: policy = .always
        case .latency:
            let upper = fields["upper"].flatMap { values.duration($0) }
            policy = required("threshold", "add threshold: 1s").flatMap { values.duration($0) }
                .map { .latency(atLeast: $0, upTo: upper) }
        case .status:
            policy = required("status_codes", "add status_codes: [ERROR]").flatMap(readStatuses)
        case .text, .number, .flag:
            let isInverted = fields["invert"].flatMap(readFlag) ?? false
            let name = required("key", "add key: NAME").flatMap { values.text($0.value, "\"key\"") }
            let test: AttributeTest? =
                switch kind {
                case .number: readBounds(fields, node, kind.rawValue, least: .min).map { .integers($0) }
                case .flag: required("value", "add value: true").flatMap(readFlag).map { .flag($0) }
                default: required("values", "add values: [VALUE]").flatMap { readTexts($0, regex: fields["regex"]) }
                }
            policy = name.flatMap { name in test.map { .attribute(name.text, $0, isInverted: isInverted) } }
        case .count:
            policy = readBounds(fields, node, kind.rawValue, least: 1)
                .map { .spanCount(Int($0.lowerBound)...Int($0.upperBound)) }
        case .rate: policy = required("spans", "add spans: 100/s").flatMap(spans).map { .rate(spans: $0) }
        case .share:
            let salt = fields["salt"].flatMap { values.text($0.value, "\"salt\"") }?.text ?? SamplingPolicy.usualSalt
            policy = required("share", "add share: 0.05").flatMap(readShare).map { .share($0, salt: salt) }
        case .and, .drop:
            policy = required("policies", "add policies: […]").map { field in
                let parts = readPolicies(field, depth: depth + 1).map(\.policy)
                return kind == .and ? .and(parts) : .drop(parts)
            }
        case .composite:
            let parts = required("policies", "add policies: […]")
                .map { readPolicies($0, depth: depth + 1, isComposite: true) }
            policy = required("limit", "add limit: 1000/s").flatMap(spans).map { limit in
                let even = 1 / Double(max(1, parts?.count ?? 1))
                return .composite(
                    limit: limit,
                    (parts ?? []).map { part in
                        SamplingPolicy.Allocation(
                            part.policy, spans: Int((part.allocation ?? even) * Double(limit)))
                    })
            }
        }
        let allocation = fields["allocation"].flatMap(readShare)
        return policy.map { Read(policy: $0, allocation: allocation) }
    }

    private func texts(_ field: NamedValue) -> [FieldText]? {
        values.list(field.value, field.shown, remedy: "write [VALUE]")?
            .compactMap { values.text($0, "an item of \(field.shown)") }
    }

    private func readStatuses(_ field: NamedValue) -> SamplingPolicy? {
        guard let texts = texts(field) else { return nil }
        let statuses = texts.compactMap { text -> SamplingPolicy.Status? in
            if let status = SamplingPolicy.Status(rawValue: text.text.lowercased()) { return status }
            values.log.error(at: text.mark, "\(text.shown) is no status", remedy: "write ERROR, OK or UNSET")
            return nil
        }
        return .status(Set(statuses))
    }

    private func readFlag(_ field: NamedValue) -> Bool? {
        guard let read = values.text(field.value, field.shown) else { return nil }
        if ["true", "false"].contains(read.text) { return read.text == "true" }
        values.log.error(at: read.mark, "\(field.shown) is \(read.shown)", remedy: "write true or false")
        return nil
    }

    private func kind(of read: FieldText) -> Kind? {
        if let kind = Kind(rawValue: read.text) { return kind }
        let known = Kind.allCases.map(\.rawValue)
        let all = "the types are \(known.joined(separator: ", "))"
        if Self.foreign.contains(read.text) {
            values.log.error(
                at: read.mark, "OpenTelemetry's tail sampling has \(read.shown), and Flotilla has not", remedy: all)
            return nil
        }
        let nearest = read.hasVariables ? nil : values.log.nearest(to: read.text, in: known)
        values.log.error(
            at: read.mark, "\(read.shown) is no type of a policy",
            remedy: nearest.map { "did you mean \"\($0)\"?" } ?? all)
        return nil
    }

    // MARK: Attributes

    /// - Parameter regex: whether the texts are regular expressions.
    private func readTexts(_ field: NamedValue, regex: NamedValue?) -> AttributeTest? {
        let isRegex = regex.flatMap(readFlag) ?? false
        guard let wanted = texts(field) else { return nil }
        guard isRegex else { return .texts(Set(wanted.map(\.text))) }
        for text in wanted {
            do {
                _ = try TextPatterns([text.text])
            } catch {
                // What is wrong may quote it.
                let reason = text.hasVariables ? "" : ": \(error)"
                values.log.error(
                    at: text.mark, "\(text.shown) is no regular expression\(reason)",
                    remedy: "mend it, or remove \"regex\"")
            }
        }
        return (try? TextPatterns(wanted.map(\.text))).map { .patterns($0) }
    }

    /// `min` and `max`, of which one is there at least.
    private func readBounds(
        _ fields: [String: NamedValue], _ node: YAMLNode, _ type: String, least: Int64
    ) -> ClosedRange<Int64>? {
        guard fields["min"] != nil || fields["max"] != nil else {
            values.log.error(
                at: node.mark, "a policy of the type \(type) has neither \"min\" nor \"max\"", remedy: "add min: 1")
            return nil
        }
        func bound(_ key: String, otherwise: Int64) -> Int64? {
            guard let field = fields[key] else { return otherwise }
            guard let read = values.text(field.value, field.shown) else { return nil }
            if let number = Int64(read.text), number >= least { return number }
            let lowest = least == .min ? "" : " from \(least)"
            values.log.error(
                at: read.mark, "\(field.shown) is \(read.shown)", remedy: "write a whole number\(lowest)")
            return nil
        }
        guard let low = bound("min", otherwise: least), let high = bound("max", otherwise: .max) else { return nil }
        guard low <= high else {
            values.log.error(
                at: fields["max"]?.value.mark ?? node.mark, "\"max\" is less than \"min\"",
                remedy: "write the larger one as \"max\"")
            return nil
        }
        return low...high
    }
}
