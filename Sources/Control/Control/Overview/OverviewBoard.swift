import FleetCore
import FleetFile
import Foundation
import HTTPServer
import Overview
import Synchronization

/// What was seen of a fleet last: written by who looks, read by who shows it.
final class OverviewBoard: Sendable {
    private struct State {
        var overview: FleetOverview
        var answer: HTTPAnswer
        var history = History()
        var asked = ContinuousClock.now - .seconds(3600)
    }

    private let state: Mutex<State>
    /// Tells it to whoever listens.
    let stream = EventStream(limit: 12)
    private let begun: FleetOverview

    init(_ fleet: FleetDefinition, version: String) {
        begun = FleetOverview(
            fleet: fleet.name.text, broker: fleet.broker.engine, version: version, at: 0, isCarried: false)
        var first = begun
        first.at = Date().timeIntervalSince1970
        first.carrier = "the process is starting"
        state = Mutex(State(overview: first, answer: PageDesk.json(first)))
        stream.send("overview", PageDesk.json(first).body)
    }

    /// An overview with nothing in it but its names.
    var empty: FleetOverview {
        var overview = begun
        overview.at = Date().timeIntervalSince1970
        return overview
    }

    var history: History { state.withLock { $0.history } }
    var overview: FleetOverview { state.withLock { $0.overview } }

    /// What `/api/overview` answers.
    var answer: HTTPAnswer {
        state.withLock { state in
            state.asked = .now
            return state.answer
        }
    }

    /// Whether somebody looks.
    var isWatched: Bool {
        stream.count > 0 || state.withLock { ContinuousClock.now - $0.asked < .seconds(5) }
    }

    func publish(_ overview: FleetOverview) {
        let answer = PageDesk.json(overview)
        state.withLock { state in
            state.overview = overview
            state.answer = answer
        }
        stream.send("overview", answer.body)
    }

    /// Tells that this process does not carry the fleet, and why.
    func rest(because reason: String) {
        var overview = empty
        overview.carrier = reason
        publish(overview)
    }

    func update<Result>(_ body: (inout History) -> Result) -> Result {
        // What is changed is moved out and back, so that it is not copied.
        state.withLock { body(&$0.history) }
    }
}
