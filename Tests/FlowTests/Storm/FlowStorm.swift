import FleetCore
import FlowModel
import Flows
import Foundation
import TestKit

/// Brings a story's events to a machine as streams do: each in its order, merged at random, some twice, with crashes between
/// them; and has time pass as far as everything has been read.
struct FlowStorm {
    /// What is done wrong on purpose, to see it noticed.
    enum Bug: CaseIterable {
        /// An event that comes twice is taken for two.
        case countsDuplicates
        /// Time passes though streams have not been read so far.
        case hurriesAhead
        /// What comes before the start is dropped.
        case losesEarlyEvents
        /// Events of two streams are ordered by when they were read.
        case trustsArrival
        /// Events of one stream change places.
        case shufflesStreams
        /// A crash forgets what is in no event.
        case forgetsTime
    }

    private let story: FlowStory
    private let bug: Bug?
    private var random: RandomSource
    private var machine: FlowMachine
    private var streams: [[FlowStory.Happening]]
    private var clock = FlowStory.beginning
    private var serial = 0

    /// - Returns: what is wrong with what the machine says; `nil` where nothing is.
    static func run(seed: UInt64, bug: Bug? = nil) throws -> String? {
        var random = RandomSource(seed: seed)
        let story = FlowStory(using: &random)
        if let problem = story.definition.problems().first { return "the definition is wrong: \(problem)" }
        var storm = FlowStorm(story, bug, random)
        return try storm.run()
    }

    private init(_ story: FlowStory, _ bug: Bug?, _ random: RandomSource) {
        self.story = story
        self.bug = bug
        self.random = random
        machine = FlowMachine(FlowPlan(story.definition), key: "k", state: nil, at: FlowStory.beginning)
        streams = FlowStory.services.map { service in story.happenings.filter { $0.name.service == service } }
        if bug == .shufflesStreams {
            for index in streams.indices { streams[index].shuffle(using: &self.random) }
        }
    }

    private mutating func run() throws -> String? {
        var delivered: [FlowStory.Happening] = []
        while let stream = streams.indices.filter({ !streams[$0].isEmpty }).randomElement(using: &random) {
            let happening = streams[stream].removeFirst()
            take(happening)
            delivered.append(happening)
            if Int.random(in: 0..<4, using: &random) == 0, let again = delivered.randomElement(using: &random) {
                take(again)
            }
            if Int.random(in: 0..<2, using: &random) == 0 { pass(to: honestWatermark()) }
            if Int.random(in: 0..<3, using: &random) == 0 { try crash() }
        }
        pass(to: story.end)
        // Whether everything that time tells is told by the times at which the machine wants to be asked.
        return complaint()
    }

    private mutating func take(_ happening: FlowStory.Happening) {
        clock = clock.advanced(by: .milliseconds(1))
        serial += 1
        var arrival = FlowArrival(name: happening.name, id: happening.id, time: happening.time)
        if bug == .countsDuplicates { arrival.id += " \(serial)" }
        if bug == .trustsArrival { arrival.time = FlowStory.beginning.advanced(by: FlowStory.tick * serial) }
        if bug == .losesEarlyEvents, machine.state.startedAt == nil, happening.name != story.definition.start.name {
            return
        }
        _ = machine.handle(.event(arrival), at: clock)
    }

    /// As a worker does: the machine is asked only when it is due.
    private mutating func pass(to watermark: Timestamp) {
        for _ in 0..<100 {
            guard let due = machine.state.due, due <= watermark else { return }
            clock = clock.advanced(by: .milliseconds(1))
            _ = machine.handle(.passed(watermark: watermark, watchedSince: FlowStory.beginning), at: clock)
        }
    }

    /// The latest time that may be said to have passed: what is still to come happened after it, but for the grace.
    private func honestWatermark() -> Timestamp {
        if bug == .hurriesAhead { return story.end }
        let next = streams.compactMap(\.first?.time).min() ?? story.end
        return next.advanced(by: FlowStory.grace).advanced(by: .milliseconds(-1))
    }

    private mutating func crash() throws {
        var state = try JSONDecoder().decode(FlowState.self, from: JSONEncoder().encode(machine.state))
        if bug == .forgetsTime {
            var text = String(decoding: try JSONEncoder().encode(state), as: UTF8.self)
            text = text.replacing(#/"due":\d+,?/#, with: "").replacing(",}", with: "}")
            state = try JSONDecoder().decode(FlowState.self, from: Data(text.utf8))
        }
        machine = FlowMachine(FlowPlan(story.definition), key: "k", state: state, at: clock)
    }

    private func complaint() -> String? {
        let oracle = FlowOracle(story)
        let state = machine.state
        let faults = Set(
            state.findings.filter(\.isCurrent).map { "\($0.kind.rawValue) \($0.event) \($0.other)" })
        if faults != oracle.faults {
            let missing = oracle.faults.subtracting(faults).sorted()
            return "not found: \(missing); found for nothing: \(faults.subtracting(oracle.faults).sorted())"
        }
        if state.status != oracle.status { return "\(state.status) instead of \(oracle.status)" }
        // Which end is the first may turn out later; nothing else is said that does not hold.
        if let cleared = state.findings.first(where: { !$0.isCurrent && $0.kind != .afterEnd }) {
            return "said too early: \(cleared)"
        }
        return nil
    }
}
