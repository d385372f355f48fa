internal import FleetCore
internal import SagaModel

/// Reads `sagas`: business operations over several services, and how they are undone.
struct SagasKeys {
    let values: ValueReader
    let publishers: Publishers

    func read(_ field: NamedValue) -> [SagaDeclaration] {
        let remedy = "write a mapping of names to sagas"
        let entries = values.entries(field.value, "\"sagas\"", remedy: remedy) ?? []
        return entries.compactMap { entry in
            var keys = SagaKeys(values: values, publishers: publishers)
            return keys.read(entry)
        }
    }
}

/// Reads one saga, and remembers where its parts stand, so that what the definition's own check finds is told there.
struct SagaKeys {
    let values: ValueReader
    let publishers: Publishers
    private var marks: [SagaPlace: TextMark] = [:]
    /// Whether something could not be read; then there is nothing to check.
    var isBroken = false
    /// The SQL of its steps.
    var statements: [SagaDeclaration.Statements] = []

    init(values: ValueReader, publishers: Publishers) {
        self.values = values
        self.publishers = publishers
    }

    mutating func read(_ entry: NamedValue) -> SagaDeclaration? {
        let subject = "saga \(entry.shown)"
        let name: SagaName? = values.name(entry.name, shown: entry.shown, at: entry.mark, "a saga")
        let known = ["start", "deadline", "lock", "locks", "journal", "keep", "steps"]
        guard let fields = values.fields(entry.value, subject, known: known) else { return nil }
        mark(SagaPlace(), entry.mark)
        let deadline = values.required("deadline", of: fields, entry.value, subject, remedy: "add deadline: 1h")
        if let deadline { mark(SagaPlace(["deadline"]), deadline.value.mark) }
        let duration = values.duration(deadline)
        let locks = readLocks(fields, deadline: duration ?? .zero)
        let start = fields["start"].flatMap { event($0.value, $0.shown) }
        let remedy = "add steps: with a list of steps"
        let steps = values.required("steps", of: fields, entry.value, subject, remedy: remedy)
            .map { sequence($0.value, "\"steps\" of \(subject)", at: SagaPlace(["steps"])) }
        let journal = fields["journal"].flatMap { need(values.text($0.value, $0.shown)) }
            .flatMap { need(publishers.service($0)) }
        let keep = self.duration(fields["keep"], or: .seconds(30 * 86_400))
        guard let name, let duration, let steps, !isBroken else { return nil }
        let definition = SagaDefinition(name: name, start: start, deadline: duration, locks: locks, steps: steps)
        for problem in definition.problems() {
            values.log.error(at: nearestMark(problem.place), problem.message, remedy: problem.remedy)
        }
        return SagaDeclaration(definition: definition, journal: journal, keep: keep, statements: statements)
    }

    // MARK: Places

    mutating func mark(_ place: SagaPlace, _ mark: TextMark) { marks[place] = mark }

    /// Where a part of the saga stands; what is not in the file stands where its whole does.
    private func nearestMark(_ place: SagaPlace) -> TextMark {
        var place: SagaPlace? = place
        while let known = place {
            if let mark = marks[known] { return mark }
            place = known.parent
        }
        return .start
    }

    /// Notes that something could not be read, if it could not.
    mutating func need<Value>(_ value: Value?) -> Value? {
        if value == nil { isBroken = true }
        return value
    }

    // MARK: Locks

    private mutating func readLocks(_ fields: [String: NamedValue], deadline: Duration) -> [SagaLock] {
        var nodes = fields["lock"].map { [$0.value] } ?? []
        if let field = fields["locks"] {
            nodes += need(values.list(field.value, "\"locks\"", remedy: "write a list of locks")) ?? []
        }
        return nodes.enumerated().compactMap { index, node in
            mark(SagaPlace(["locks", String(index)]), node.mark)
            return need(lock(node, deadline: deadline))
        }
    }

    private mutating func lock(_ node: YAMLNode, deadline: Duration) -> SagaLock? {
        guard case .mapping = node.content else {
            return template(node, "the lock").map { SagaLock(key: $0, duration: deadline) }
        }
        let subject = "the lock"
        guard let fields = values.fields(node, subject, known: ["key", "for", "conflict"]),
            let key = values.required("key", of: fields, node, subject, remedy: "add key: \"order:{data.order_id}\"")
        else { return nil }
        guard let template = template(key.value, "the key of the lock") else { return nil }
        return SagaLock(
            key: template, duration: duration(fields["for"], or: deadline),
            conflict: word(fields["conflict"], or: SagaLock.Conflict.wait))
    }

    // MARK: Values

    /// One of a few words.
    mutating func word<Word: RawRepresentable & CaseIterable>(
        _ field: NamedValue?, or standard: Word
    ) -> Word where Word.RawValue == String {
        guard let field, let read = need(values.text(field.value, field.shown)) else { return standard }
        if let word = Word(rawValue: read.text) { return word }
        let remedy = "use \(Word.allCases.map(\.rawValue).joined(separator: ", "))"
        values.log.error(at: read.mark, "\(read.shown) is no \(field.name)", remedy: remedy)
        isBroken = true
        return standard
    }

    mutating func template(_ node: YAMLNode, _ subject: String) -> SagaTemplate? {
        guard let read = need(values.text(node, subject)) else { return nil }
        if let template = SagaTemplate(read.text) { return template }
        let remedy = "write \(SagaReference.rule) in braces, and {{ for a brace"
        values.log.error(at: read.mark, "\(read.shown) has a brace that is no reference", remedy: remedy)
        isBroken = true
        return nil
    }

    mutating func reference(_ node: YAMLNode, _ subject: String) -> SagaReference? {
        guard let read = need(values.text(node, subject)) else { return nil }
        if let reference = SagaReference(read.text) { return reference }
        values.log.error(at: read.mark, "\(read.shown) is no reference", remedy: "write \(SagaReference.rule)")
        isBroken = true
        return nil
    }

    /// An event that somebody publishes.
    mutating func event(_ node: YAMLNode, _ subject: String) -> SagaEventName? {
        guard let read = need(values.text(node, subject)) else { return nil }
        let entry = NamedValue(name: read.text, mark: read.mark, value: node, isDuplicate: false)
        guard let event = need(publishers.event(entry)) else { return nil }
        return SagaEventName(service: event.service.text, type: event.type.text)
    }

    mutating func number(_ field: NamedValue?, or standard: Int) -> Int {
        guard let field, let read = need(values.text(field.value, field.shown)) else { return standard }
        if let number = Int(read.text), number >= 0 { return number }
        values.log.error(at: read.mark, "\(read.shown) is no number", remedy: "write a whole number")
        isBroken = true
        return standard
    }

    mutating func duration(_ field: NamedValue?, or standard: Duration) -> Duration {
        guard let field else { return standard }
        return need(values.duration(field)) ?? standard
    }
}
