import FleetCore
import Foundation
import SagaModel

/// A state as the journal has it: a JSON text without what is as it was at the beginning. It is written with each step, and
/// `JSONEncoder` would take most of an engine's time.
extension SagaState {
    public func json() throws -> String {
        var text = JSONObjectText()
        text.add("id", id)
        text.add("saga", raw: "{\"text\":\(JSONText.quoted(saga.text))}")
        text.add("data", data)
        text.add("startedAt", startedAt)
        text.add("deadline", deadline)
        switch phase {
        case .locking: break
        case .forward: text.add("phase", raw: "{\"forward\":{}}")
        case .ended(.completed, let time):
            text.add("phase", raw: "{\"ended\":{\"_0\":{\"completed\":{}},\"at\":\(time.microseconds)}}")
        case .compensating, .ended: try text.add("phase", encoded: phase)
        }
        if isPastPoint { text.add("isPastPoint", raw: "true") }
        if isOverdue { text.add("isOverdue", raw: "true") }
        if let pendingStop { try text.add("pendingStop", encoded: pendingStop) }
        if !locks.isEmpty { try text.add("locks", encoded: locks) }
        if !runs.all.isEmpty {
            text.add("runs", objects: try runs.all.map { try $0.json() })
        }
        if !choices.isEmpty { try text.add("choices", encoded: choices) }
        if !itemCounts.isEmpty { try text.add("itemCounts", encoded: itemCounts) }
        if !earlyEvents.isEmpty { try text.add("earlyEvents", encoded: earlyEvents) }
        if !notes.isEmpty { try text.add("notes", encoded: notes) }
        if noteCount != 0 { text.add("noteCount", noteCount) }
        if let wakeAt { text.add("wakeAt", wakeAt) }
        return text.ended()
    }
}

extension SagaState: Decodable {
    private enum Key: CodingKey {
        case id, saga, data, startedAt, deadline, phase, isPastPoint, isOverdue, pendingStop, locks, runs, choices,
            itemCounts
        case earlyEvents, notes, noteCount, wakeAt
    }

    public init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: Key.self)
        func member<Value: Decodable>(_ key: Key, or value: Value) throws -> Value {
            try members.decodeIfPresent(Value.self, forKey: key) ?? value
        }
        self.init(
            id: try members.decode(String.self, forKey: .id), saga: try members.decode(SagaName.self, forKey: .saga),
            data: try members.decode(String.self, forKey: .data),
            startedAt: try members.decode(Timestamp.self, forKey: .startedAt),
            deadline: try members.decode(Timestamp.self, forKey: .deadline))
        phase = try member(.phase, or: phase)
        isPastPoint = try member(.isPastPoint, or: isPastPoint)
        isOverdue = try member(.isOverdue, or: isOverdue)
        pendingStop = try members.decodeIfPresent(SagaStop.self, forKey: .pendingStop)
        locks = try member(.locks, or: locks)
        runs = try member(.runs, or: runs)
        choices = try member(.choices, or: choices)
        itemCounts = try member(.itemCounts, or: itemCounts)
        earlyEvents = try member(.earlyEvents, or: earlyEvents)
        notes = try member(.notes, or: notes)
        noteCount = try member(.noteCount, or: noteCount)
        wakeAt = try members.decodeIfPresent(Timestamp.self, forKey: .wakeAt)
    }
}

extension SagaStepState {
    fileprivate func json() throws -> String {
        var text = JSONObjectText()
        text.add("id", raw: id.json)
        text.add("forward", raw: try forward.json())
        if let compensation { text.add("compensation", raw: try compensation.json()) }
        return text.ended()
    }
}

extension SagaStepID {
    fileprivate var json: String {
        var text = JSONObjectText()
        text.add("name", name)
        text.add("items", raw: "[" + items.map(String.init).joined(separator: ",") + "]")
        return text.ended()
    }
}

extension SagaTicket {
    fileprivate var json: String {
        var text = JSONObjectText()
        text.add("step", raw: step.json)
        text.add("direction", direction.rawValue)
        text.add("attempt", attempt)
        return text.ended()
    }
}

extension Set<SagaTicket> {
    /// As the journal has them.
    var json: String { "[" + map(\.json).joined(separator: ",") + "]" }
}

extension SagaAttempts {
    fileprivate func json() throws -> String {
        var text = JSONObjectText()
        text.add("status", status.rawValue)
        text.add("startedAt", startedAt)
        if attempt != 1 { text.add("attempt", attempt) }
        if failures != 0 { text.add("failures", failures) }
        if mayBeDone { text.add("mayBeDone", raw: "true") }
        if let due { text.add("due", due) }
        if let endedAt { text.add("endedAt", endedAt) }
        if let failure { try text.add("failure", encoded: failure) }
        if let reply { text.add("reply", reply) }
        if let remark { text.add("remark", remark) }
        return text.ended()
    }
}

extension SagaAttempts: Decodable {
    private enum Key: CodingKey {
        case status, startedAt, attempt, failures, mayBeDone, due, endedAt, failure, reply, remark
    }

    public init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: Key.self)
        self.init(
            startedAt: try members.decode(Timestamp.self, forKey: .startedAt),
            due: try members.decodeIfPresent(Timestamp.self, forKey: .due))
        status = try members.decode(Status.self, forKey: .status)
        attempt = try members.decodeIfPresent(Int.self, forKey: .attempt) ?? attempt
        failures = try members.decodeIfPresent(Int.self, forKey: .failures) ?? failures
        mayBeDone = try members.decodeIfPresent(Bool.self, forKey: .mayBeDone) ?? mayBeDone
        endedAt = try members.decodeIfPresent(Timestamp.self, forKey: .endedAt)
        failure = try members.decodeIfPresent(SagaFailure.self, forKey: .failure)
        reply = try members.decodeIfPresent(String.self, forKey: .reply)
        remark = try members.decodeIfPresent(String.self, forKey: .remark)
    }
}

/// A JSON object that is written member by member.
private struct JSONObjectText {
    private var bytes: [UInt8] = []

    init() {
        bytes.reserveCapacity(512)
        bytes.append(UInt8(ascii: "{"))
    }

    mutating func add(_ name: StaticString, _ text: String) {
        begin(name)
        JSONText.append(text, to: &bytes)
    }

    mutating func add(_ name: StaticString, _ number: Int) { add(name, raw: String(number)) }
    mutating func add(_ name: StaticString, _ time: Timestamp) { add(name, raw: String(time.microseconds)) }

    /// Adds what is JSON already.
    mutating func add(_ name: StaticString, raw text: String) {
        begin(name)
        bytes.append(contentsOf: text.utf8)
    }

    mutating func add(_ name: StaticString, objects: [String]) {
        add(name, raw: "[" + objects.joined(separator: ",") + "]")
    }

    /// Adds what is rarely there.
    mutating func add(_ name: StaticString, encoded value: some Encodable) throws {
        add(name, raw: try SagaJournal.text(value))
    }

    consuming func ended() -> String {
        bytes.append(UInt8(ascii: "}"))
        return String(decoding: bytes, as: UTF8.self)
    }

    private mutating func begin(_ name: StaticString) {
        if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
        bytes.append(UInt8(ascii: "\""))
        name.withUTF8Buffer { bytes.append(contentsOf: $0) }
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
    }
}
