internal import FleetCore
internal import Traces

/// Reads `sampling`: which traces are kept.
struct SamplingKeys {
    private static let known = ["wait", "traces", "memory", "slow", "share", "limit", "policies"]
    private static let mostTraces = 1_000_000

    let values: ValueReader
    var usualWait = TailSampler.Settings.usual.wait

    func read(_ field: NamedValue?) -> TailSampler.Settings {
        var usual = TailSampler.Settings.usual
        usual.wait = usualWait
        guard let field, let fields = values.fields(field.value, "\"sampling\"", known: Self.known) else {
            return usual
        }
        var settings = usual
        if let wait = fields["wait"] { settings.wait = readWait(wait) ?? settings.wait }
        if let traces = fields["traces"] { settings.traces = count(traces, Self.mostTraces) ?? settings.traces }
        settings.memory = values.size(fields["memory"]) ?? settings.memory
        settings.remembered = 2 * settings.traces
        let slow = fields["slow"].flatMap { values.duration($0) } ?? TailSampler.Settings.usualSlow
        let share = fields["share"].flatMap(readShare) ?? TailSampler.Settings.usualShare
        let limit = fields["limit"].flatMap(spans) ?? TailSampler.Settings.usualLimit
        settings.policies = SamplingPolicy.usual(slow: slow, share: share, limit: limit)
        guard let policies = fields["policies"] else { return settings }
        for key in ["slow", "share", "limit"] {
            guard let field = fields[key] else { continue }
            values.log.error(
                at: field.mark, "\"\(key)\" is of the usual policies, and \"policies\" replaces them",
                remedy: "remove one of the two")
        }
        settings.policies = readPolicies(policies, depth: 0).map(\.policy)
        return settings
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
        case attribute = "string_attribute"
        case rate = "rate_limiting"
        case share = "probabilistic"
        case and, composite, drop

        /// Its keys, besides `name` and `type`.
        var keys: [String] {
            switch self {
            case .always: []
            case .latency: ["threshold", "upper"]
            case .status: ["status_codes"]
            case .attribute: ["key", "values", "invert"]
            case .rate: ["spans"]
            case .share: ["share", "salt"]
            case .and, .drop: ["policies"]
            case .composite: ["limit", "policies"]
            }
        }
    }

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
        guard let kind = Kind(rawValue: read.text) else {
            let nearest = read.hasVariables ? nil : values.log.nearest(to: read.text, in: Kind.allCases.map(\.rawValue))
            values.log.error(
                at: read.mark, "\(read.shown) is no type of a policy",
                remedy: nearest.map { "did you mean \"\($0)\"?" } ?? remedy)
            return nil
        }
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
        case .attribute:
            let isInverted = fields["invert"].map { flag($0) } ?? false
            let wanted = required("values", "add values: [VALUE]").flatMap { texts($0) }
            policy = required("key", "add key: NAME").flatMap { values.text($0.value, "\"key\"") }
                .flatMap { name in
                    wanted.map { .attribute(name.text, values: Set($0.map(\.text)), isInverted: isInverted) }
                }
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

    private func flag(_ field: NamedValue) -> Bool {
        guard let read = values.text(field.value, field.shown) else { return false }
        if ["true", "false"].contains(read.text) { return read.text == "true" }
        values.log.error(at: read.mark, "\(field.shown) is \(read.shown)", remedy: "write true or false")
        return false
    }
}
