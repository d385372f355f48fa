import FleetCore
import Foundation
import HTTPServer
import Logging
import Parking

/// Parked events on the page: the same administration as `flotilla parked`.
extension PageDesk {
    /// A place may have millions: the page shows the first.
    private static let rowLimit = 200

    private struct Row: Encodable {
        var id: String
        var place: String
        var stream: String
        var type: String
        var key: String
        /// `parked`, `retrying` or `waiting`.
        var state: String
        var reason: String?
        var attempts: Int
        var time: String
        var parkedAt: String
        /// The id of its trace, where that is here.
        var trace: String?

        init(_ item: ParkedAdministration.Item, _ traces: TraceBoard?) {
            id = item.event.eventID
            place = item.place
            stream = item.stream.description
            type = item.event.event.type
            key = item.event.event.key
            state = item.state
            reason = item.event.reason
            attempts = item.event.attempts
            time = item.event.event.time.description
            parkedAt = item.event.parkedAt.description
            trace = traces?.known(item.event.event.traceContext)
        }
    }

    private struct Listing: Encodable {
        struct Failure: Encodable {
            var place: String
            var error: String
        }

        var items: [Row]
        var limit: Int
        var failures: [Failure]
    }

    func parked() async -> HTTPAnswer {
        do {
            let (items, failures) = try await ParkedAdministration(fleet).look(limit: Self.rowLimit)
            return Self.json(
                Listing(
                    items: items.map { Row($0, traces) }, limit: Self.rowLimit,
                    failures: failures.map { Listing.Failure(place: $0.place, error: $0.error.description) }))
        } catch {
            return Self.failure(error)
        }
    }

    private struct Request: Decodable {
        var id: String
        var place: String
    }

    private struct Result: Encodable {
        var id: String
        var place: String
        var applied: Int
        var failure: String?
        /// Whether a program of the service's own is to try it, and will.
        var isAsked: Bool
    }

    /// Tries one parked event again, or drops it.
    func settle(_ question: HTTPQuestion, isRetry: Bool) async -> HTTPAnswer {
        guard let request = try? JSONDecoder().decode(Request.self, from: Data(question.body)), !request.id.isEmpty,
            !request.place.isEmpty
        else { return Self.failure(400, "which event?", "send {\"id\": …, \"place\": …}") }
        let administration = ParkedAdministration(fleet, tracing: tracing)
        do {
            let outcomes =
                isRetry
                ? try await administration.retry([request.id], at: request.place)
                : try await administration.discard([request.id], at: request.place)
            logger.notice(
                "\(isRetry ? "retried" : "discarded") a parked event, asked for on the page",
                metadata: ["event": "\(request.id)", "place": "\(request.place)"])
            return Self.json(
                outcomes.map {
                    Result(
                        id: $0.item.event.eventID, place: $0.item.place, applied: $0.applied,
                        failure: $0.failure?.description, isAsked: $0.isAsked)
                })
        } catch {
            return Self.failure(error)
        }
    }
}
