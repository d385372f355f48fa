import FleetCore
import SagaModel
import Stores

/// What an attempt does, with the values that the saga knows.
extension SagaMachine {
    /// - Returns: `nil` for what only waits.
    /// - Throws: `invalidInput` where something that is referred to is not there.
    func effect(of work: SagaWork, _ parties: any SagaParties) throws -> SagaEffect? {
        let id = work.ticket.step
        let trace = trace(of: work.ticket, isTraced: parties.isTraced)
        switch work.activity {
        case .command(let command):
            return .command(
                SagaOutgoing(
                    service: command.event.service, type: command.event.type, request: request(work),
                    key: try text(of: command.key, for: id),
                    payload: try object(command.payload, for: id, adding: [("saga", answerTo(work))]),
                    traceParent: trace))
        case .http(let call):
            let hasBody = call.method != .get && call.method != .delete
            return .http(
                SagaRequest(
                    method: call.method, url: try url(of: call.url, for: id),
                    body: hasBody || !call.body.isEmpty ? try object(call.body, for: id) : nil,
                    idempotencyKey: work.idempotencyKey, attempt: work.ticket.attempt, due: work.due,
                    traceParent: trace))
        case .sql(let sql):
            let statements = try parties.statements(of: sql).map { statement in
                SagaStatements.Statement(
                    sql: statement.sql,
                    parameters: try statement.parameters.map { SQLValue(try known($0, for: id)) })
            }
            return .sql(
                SagaStatements(
                    service: sql.service, statements: statements, expectsRow: sql.expectsRow,
                    step: "\(state.id)/\(id)", direction: work.ticket.direction,
                    settlesRefusal: settlesRefusal(work.ticket)))
        case .local(let local): return .local(call(work, isTransactional: local.isTransactional, trace: trace))
        case .event, .timer, .decision: return nil
        }
    }

    private func call(_ work: SagaWork, isTransactional: Bool, trace: String?) -> SagaLocalCall {
        var replies: [String: String] = [:]
        for run in state.runs.all where run.id.items.isEmpty || run.id == work.ticket.step {
            if let reply = run.forward.reply { replies[run.id.name] = reply }
        }
        let item = value(of: SagaReference(.item), for: work.ticket.step).map(JSONText.text)
        return SagaLocalCall(
            saga: state.saga, id: state.id, ticket: work.ticket, data: state.data, replies: replies, item: item,
            idempotencyKey: work.idempotencyKey, due: work.due, isTransactional: isTransactional,
            traceParent: trace)
    }

    private func request(_ work: SagaWork) -> String { "\(SagaRequestID(state.id, work.ticket))" }

    private func answerTo(_ work: SagaWork) -> String {
        "{\"request\":\(JSONText.quoted(request(work))),\"key\":\(JSONText.quoted(work.idempotencyKey))}"
    }

    private func known(_ reference: SagaReference, for id: SagaStepID) throws(FleetError) -> JSONValue {
        if let value = value(of: reference, for: id) { return value }
        throw FleetError(.invalidInput, "\(id) needs \(reference), which is not in the saga \(state.id)")
    }

    /// A JSON object with the declared fields; the saga's data where none is declared.
    private func object(
        _ fields: [SagaField], for id: SagaStepID, adding others: [(name: String, json: String)] = []
    ) throws(FleetError) -> String {
        var members = others.map { "\(JSONText.quoted($0.name)):\($0.json)" }
        if fields.isEmpty {
            let data = state.data.drop { $0.isWhitespace }
            guard data.first == "{", let end = data.lastIndex(of: "}") else {
                members.insert("\"data\":\(state.data)", at: 0)
                return "{\(members.joined(separator: ","))}"
            }
            let inside = data[data.index(after: data.startIndex)..<end]
            if inside.contains(where: { !$0.isWhitespace }) { members.insert(String(inside), at: 0) }
            return "{\(members.joined(separator: ","))}"
        }
        var declared: [String] = []
        for field in fields {
            declared.append("\(JSONText.quoted(field.name)):\(try json(of: field.value, for: id))")
        }
        return "{\((declared + members).joined(separator: ","))}"
    }

    private func json(of value: SagaValue, for id: SagaStepID) throws(FleetError) -> String {
        switch value {
        case .reference(let reference): JSONText.text(try known(reference, for: id))
        case .text(let template): JSONText.quoted(try text(of: template, for: id))
        case .number(let text): text
        case .boolean(let value): value ? "true" : "false"
        case .null: "null"
        }
    }

    /// Values are percent-encoded (RFC 3986), as they are parts of a path or a query.
    private func url(of template: SagaTemplate, for id: SagaStepID) throws(FleetError) -> String {
        var result = ""
        for part in template.parts {
            switch part {
            case .text(let text): result += text
            case .reference(let reference):
                for byte in try text(of: reference, for: id).utf8 {
                    switch byte {
                    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E:
                        result.unicodeScalars.append(Unicode.Scalar(byte))
                    default:
                        let digits = String(byte, radix: 16, uppercase: true)
                        result += byte < 16 ? "%0\(digits)" : "%\(digits)"
                    }
                }
            }
        }
        return result
    }

    // MARK: Waits

    /// Events that steps of the saga wait for, or will, as far as it is known by now which ones.
    var waits: [SagaJournal.Wait] {
        map.eventSteps.flatMap { name, event -> [SagaJournal.Wait] in
            let running = state.runs.all.filter { $0.id.name == name && $0.forward.isActive }.map(\.id)
            let early = map.forEaches(around: name).isEmpty ? [SagaStepID(name)] : []
            return (running.isEmpty ? early : running).compactMap { id in
                guard let value = value(of: event.equals, for: id), value != .null else { return nil }
                return SagaJournal.Wait(event: event.event, field: event.field, value: JSONText.text(value))
            }
        }
    }
}

extension SQLValue {
    init(_ value: JSONValue) {
        switch value {
        case .null: self = .null
        case .boolean(let value): self = .boolean(value)
        case .integer(let value): self = .integer(value)
        case .real(let value): self = .real(value)
        case .text(let value), .json(let value): self = .text(value)
        }
    }
}
