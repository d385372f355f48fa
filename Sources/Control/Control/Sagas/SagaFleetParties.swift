import Crypto
import FleetCore
import FleetFile
import Foundation
import HTTPEndpoint
import SQLTemplate
import SagaModel
import Sagas
import Stores
import Subscriptions
import Synchronization

/// What a fleet's sagas act on: outboxes and stores of its services, and whoever answers over HTTP.
final class SagaFleetParties: SagaParties {
    private let fleet: FleetDefinition
    /// The service whose store has the journal; `nil` for the fleet's own state.
    private let journalHost: String?
    private let stores: @Sendable (ServiceDefinition) -> SharedStore
    private let caller: HTTPCaller
    let isTraced: Bool
    private let compiled = Mutex<[SagaSQL: [SagaStatement]]>([:])

    /// Parts of the document that a step's SQL names.
    static let parts = ["data", "replies", "item"]

    init(
        _ fleet: FleetDefinition, journalHost: String?, caller: HTTPCaller, isTraced: Bool,
        stores: @escaping @Sendable (ServiceDefinition) -> SharedStore
    ) {
        self.fleet = fleet
        self.journalHost = journalHost
        self.caller = caller
        self.isTraced = isTraced
        self.stores = stores
    }

    func sharesJournal(_ service: String) -> Bool { service == journalHost }

    func statements(of sql: SagaSQL) throws -> [SagaStatement] {
        if let known = compiled.withLock({ $0[sql] }) { return known }
        let service = try fleet.service(named: sql.service)
        let statements: [SagaStatement]
        do {
            let template = try SQLTemplate(
                sql.statements, dialect: Connectors.dialect(of: service.store),
                subject: .document(parts: Self.parts))
            statements = template.statements.map { statement in
                SagaStatement(sql: statement.sql, parameters: statement.parameters.compactMap(Self.reference))
            }
        } catch {
            throw FleetError(.invalidInput, "the SQL of a step in \(sql.service) cannot be read: \(error)")
        }
        compiled.withLock { $0[sql] = statements }
        return statements
    }

    /// `nil` for what names no part of a saga; the fleet file's check has refused that.
    static func reference(_ parameter: EventParameter) -> SagaReference? {
        guard case .data(let path) = parameter, let root = path.components.first else { return nil }
        let fields = Array(path.components.dropFirst())
        switch root {
        case "data": return SagaReference(.data, fields)
        case "item": return SagaReference(.item, fields)
        case "replies": return fields.first.map { SagaReference(.reply(step: $0), Array(fields.dropFirst())) }
        default: return nil
        }
    }

    func write(_ command: SagaOutgoing, in transaction: any StoreTransaction) throws {
        let service = try fleet.service(named: command.service)
        let event = OutgoingEvent(
            id: Self.eventID(of: command.request), type: command.type, key: command.key,
            aggregateType: command.service, payload: command.payload, traceParent: command.traceParent)
        try event.write(to: service, in: transaction)
    }

    /// The same for the same attempt, however often it is written (RFC 9562, version 8: 122 bits of a SHA-256).
    static func eventID(of request: String) -> EventID {
        let digest = Array(SHA256.hash(data: Data("flotilla saga \(request)".utf8)).prefix(16))
        let high = digest[..<8].reduce(0) { $0 << 8 | UInt64($1) }
        let low = digest[8...].reduce(0) { $0 << 8 | UInt64($1) }
        return EventID(
            high: high & ~0xF000 | 0x8000, low: low & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000)
    }

    func store(of service: String) async throws -> any Store {
        try await stores(fleet.service(named: service)).store()
    }

    func discard(_ store: any Store, of service: String) async {
        guard let service = try? fleet.service(named: service) else { return }
        await stores(service).discard(store)
    }

    func forgetSteps(before moment: Timestamp) async throws {
        for service in fleet.services where fleet.hasSagaSteps(in: service.name) {
            try await stores(service).store().write { try SagaBarrier.prune(before: moment, in: $0) }
        }
    }

    // A fleet file declares no code.
    func perform(_ call: SagaLocalCall) async throws -> String { throw Self.noCode(call) }

    func perform(_ call: SagaLocalCall, in transaction: any StoreTransaction) throws -> String {
        throw Self.noCode(call)
    }

    private static func noCode(_ call: SagaLocalCall) -> FleetError {
        FleetError(.bug, "the saga \(call.id) has a step in code, and the fleet file none")
    }

    // MARK: HTTP

    func call(_ request: SagaRequest) async -> (answer: SagaAnswer, status: Int?) {
        let timeout = max(.milliseconds(1), request.due.elapsed(since: .now()))
        var headers = [
            ("idempotency-key", "\"\(request.idempotencyKey)\""), ("flotilla-attempt", String(request.attempt)),
            ("accept", "application/json"), ("user-agent", "flotilla"),
        ]
        if request.body != nil { headers.append(("content-type", "application/json")) }
        if let trace = request.traceParent { headers.append(("traceparent", trace)) }
        do {
            let answer = try await caller.call(
                method: request.method.rawValue.uppercased(), url: request.url, headers: headers,
                body: request.body.map { Array($0.utf8) }, timeout: timeout)
            return (Self.answer(answer.status, answer.body), answer.status)
        } catch {
            let error = FleetError.wrapping(error)
            let effect: SagaFailure.Effect = error.code == .unknownOutcome ? .unknown : .none
            return (.failed(SagaFailure(error.code.description, error.message, effect: effect)), nil)
        }
    }

    /// 2xx is done; 4xx, but for 408, 425 and 429, is not done; of anything else nobody knows.
    private static func answer(_ status: Int, _ body: [UInt8]) -> SagaAnswer {
        let text = String(decoding: body, as: UTF8.self)
        switch status {
        case 200...299:
            if body.isEmpty { return .replied("null") }
            // An answer that is no JSON says that it is done, and nothing more.
            return .replied((try? JSONDocument.validate(body)) == nil ? JSONText.quoted(text) : text)
        case 408, 425, 429: return .failed(SagaFailure("\(status)", "it answered \(status)", effect: .unknown))
        case 400...499:
            return .failed(
                SagaFailure(SagaFailureCode.rejected, "it answered \(status): \(text.prefix(300))", effect: .none))
        default: return .failed(SagaFailure("\(status)", "it answered \(status)", effect: .unknown))
        }
    }
}
