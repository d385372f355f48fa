import FleetCore
import FleetFile
import Foundation
import Overview
import Stores
import Synchronization

/// Compares the tables of services' stores with what is known of them: from the fleet's history, where one is kept, so that a change
/// is told as well that was made while nobody looked, else from what this process has seen.
final class SchemaBoard: Sendable {
    private struct State {
        var isOpen: Bool
        var file: HistoryFile?
        var known: [ServiceName: StoreSchema] = [:]
        /// Of whom something was seen since it was opened.
        var seen: Set<ServiceName> = []
        /// What could not be kept in a file.
        var moments: [FleetMoment] = []
    }

    private let state: Mutex<State>
    private static let momentLimit = 100

    /// - Parameter keepsHistory: whether somebody will ``open(_:)`` it.
    init(keepsHistory: Bool) { state = Mutex(State(isOpen: !keepsHistory)) }

    /// - Parameter file: `nil` where none can be used.
    func open(_ file: HistoryFile?) {
        state.withLock { state in
            state.isOpen = true
            state.file = file
            state.seen = []
        }
    }

    /// Nothing is compared until it is opened again.
    func close() {
        state.withLock { state in
            state.isOpen = false
            state.file = nil
        }
    }

    /// What happened and is in no file.
    func takeMoments() -> [FleetMoment] {
        state.withLock { state in
            defer { state.moments = [] }
            return state.moments
        }
    }

    /// - Returns: `nil` where it is not open; else what has changed, empty where nothing has, or nothing was known.
    func compare(_ schema: StoreSchema, of service: ServiceName) async -> String? {
        let (isOpen, file, known, isFirst) = state.withLock { state in
            (state.isOpen, state.file, state.known[service], !state.seen.contains(service))
        }
        guard isOpen else { return nil }
        // `apply` tells there what it has changed itself.
        let remembered = try? await file?.schema(of: service)
        let before = remembered ?? known
        let what = before.flatMap { schema.changes(since: $0) }
        let place = isFirst && remembered != nil ? " while nobody looked here" : ""
        let text = what.map { "schema of \(service) changed\(place): \($0)" }
        let moments = text.map {
            [FleetMoment(at: Date().timeIntervalSince1970, kind: .schema, subject: service.text, text: $0)]
        }
        var isKept = schema == remembered
        if !isKept, let file {
            isKept = (try? await file.note(moments ?? [], remembering: [service.text: schema])) != nil
        }
        state.withLock { [isKept] state in
            state.known[service] = schema
            state.seen.insert(service)
            if !isKept { state.moments = (state.moments + (moments ?? [])).suffix(Self.momentLimit) }
        }
        return text ?? ""
    }
}
