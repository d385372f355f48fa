import DrillJudge
import FleetCore
import TestKit
import Testing

/// A judge that finds nothing proves nothing: each of these bugs must be found, and told so that one understands it.
@Suite struct PlantedBugTests {
    private let drill = HealthyDrill(seed: RandomSource(for: "planted bugs").seed, transactions: 1500)

    /// Holds that a rule is found broken, first of all, and that its finding names what is asked for.
    private func expect(
        _ rule: Finding.Rule, in drill: HealthyDrill, naming words: String...,
        location: SourceLocation = #_sourceLocation
    ) {
        let findings = drill.judged().findings
        #expect(findings.first?.rule == rule, "\(findings)", sourceLocation: location)
        let text = findings.filter { $0.rule == rule }.map(\.description).joined(separator: "\n")
        for word in words { #expect(text.contains(word), "\(word) is not in: \(text)", sourceLocation: location) }
    }

    @Test func aDrillThatWentWellHasNoFindings() {
        for seed in 0..<50 as Range<UInt64> {
            let judgement = HealthyDrill(seed: (drill.history.opening?.seed ?? 0) &+ seed).judged()
            #expect(judgement.isClean, "\(judgement.findings)")
            #expect(judgement.figures.duplicates.values.contains { $0 > 0 })
            #expect(
                judgement.figures.unknownCommitted > 0 && judgement.figures.unknownCommitted < judgement.figures.unknown
            )
            #expect(judgement.figures.parked.count == 4)
        }
    }

    @Test(arguments: [HealthyDrill.journaled, HealthyDrill.unjournaled])
    func anEventThatAViewNeverGot(service: String) throws {
        var drill = drill
        let event = try drill.transaction(of: service, .committed).events[0]
        drill.change(view: 1) { $0.removeAll { $0.event == event.id } }
        expect(.lost, in: drill, naming: "\(event.id)", service, "key \(event.key)", "mirror.ledger", "1 event ")
    }

    @Test(arguments: [HealthyDrill.journaled, HealthyDrill.unjournaled])
    func aTransactionThatWasAcknowledgedBeforeItWasDurable(service: String) throws {
        var drill = drill
        let transaction = try drill.transaction(of: service, .committed)
        drill.lose(Set(transaction.events.map(\.id)))
        expect(
            .acknowledgedBeforeDurable, in: drill, naming: "\(transaction.events.count) committed events",
            transaction.id,
            "before the broker had it")
    }

    @Test func twoEventsOfAKeyInTheWrongOrder() throws {
        var drill = drill
        var swapped: WrittenEvent?
        drill.change(view: 0) { applications in
            // The last two of a key, whatever lies between them.
            let places = applications.indices.filter {
                applications[$0].key == "k2" && applications[$0].service == "orders"
            }
            let (first, second) = (places[places.count - 2], places[places.count - 1])
            let application = applications[first]
            swapped = WrittenEvent(id: application.event, key: application.key, version: application.version)
            applications.swapAt(first, second)
        }
        let event = try #require(swapped)
        expect(
            .order, in: drill, naming: "copies.ledger", "\(event.id)", "version \(event.version)",
            "came after version \(event.version + 1)")
    }

    @Test func twoRecordsOfAKeyInTheWrongOrder() throws {
        var drill = drill
        var records = try #require(drill.observations.streams["stock"])
        // Only firsts: what repeats another is in no order.
        var seen: Set<EventID> = []
        let places = records.indices.filter { seen.insert(records[$0].event).inserted && records[$0].key == "k1" }
        let repeated = Set(records.map(\.event).filter { id in records.count { $0.event == id } > 1 })
        let pair = try #require(
            zip(places, places.dropFirst()).first {
                !repeated.contains(records[$0].event) && !repeated.contains(records[$1].event)
            })
        records.swapAt(pair.0, pair.1)
        drill.observations.streams["stock"] = records
        expect(.order, in: drill, naming: "stream of stock", "\(records[pair.1].event)")
    }

    @Test(arguments: [HealthyDrill.journaled, HealthyDrill.unjournaled])
    func anEventOfATransactionThatWasRolledBack(service: String) throws {
        var drill = drill
        let ghost = try #require(
            drill.history.transactions.first { $0.service == service && $0.outcome == .rolledBack })
        let event = ghost.events[0]
        drill.observations.streams[service]?.append(StreamRecord(event: event.id, key: event.key))
        drill.change(view: 0) {
            $0.append(.init(service: service, event: event.id, key: event.key, version: event.version))
        }
        expect(
            .ghost, in: drill, naming: "\(event.id)", ghost.id, "rolled back", "copies.ledger", "stream of \(service)")
    }

    @Test func anEventThatASavepointUndid() throws {
        var drill = drill
        let event = try #require(
            drill.history.transactions.first { $0.outcome == .committed && !$0.undone.isEmpty }?.undone[0])
        drill.observations.streams["orders"]?.append(StreamRecord(event: event.id, key: event.key))
        expect(.ghost, in: drill, naming: "\(event.id)", "a savepoint undid it")
    }

    @Test func anEventThatNobodyWrote() throws {
        var drill = drill
        drill.observations.streams["orders"]?.append(StreamRecord(event: EventID(high: 1, low: 2), key: "k1"))
        expect(.ghost, in: drill, naming: "no writer wrote it")
    }

    @Test func anEventThatTookEffectTwice() throws {
        var drill = drill
        let event = try drill.transaction(of: "orders", .committed).events[0]
        drill.change(view: 1) { applications in
            guard let place = applications.firstIndex(where: { $0.event == event.id }) else { return }
            applications.insert(applications[place], at: place + 1)
        }
        expect(.repeated, in: drill, naming: "\(event.id)", "2 times", "mirror.ledger")
    }

    @Test(arguments: [HealthyDrill.journaled, HealthyDrill.unjournaled])
    func halfATransactionOfUnknownOutcome(service: String) throws {
        var drill = drill
        let transaction = try drill.transaction(of: service, .unknown)
        let event = transaction.events[transaction.events.count - 1]
        drill.lose([event.id])
        expect(
            .torn, in: drill, naming: transaction.id, "unknown outcome", "\(event.id)",
            "1 of its \(transaction.events.count) events")
    }

    @Test func aParkedEventThatIsMissing() throws {
        var drill = drill
        let place = try #require(
            drill.observations.parked.firstIndex { $0.place == .view("copies.ledger") && $0.reason == nil })
        let record = drill.observations.parked.remove(at: place)
        expect(.parked, in: drill, naming: "\(record.event)", "view copies.ledger", "is not there")
    }

    @Test func anEventThatIsParkedAtAnOutboxAndMissing() throws {
        var drill = drill
        let place = try #require(drill.observations.parked.firstIndex { $0.place == .outbox && $0.reason != nil })
        let record = drill.observations.parked.remove(at: place)
        expect(.parked, in: drill, naming: "\(record.event)", "the outbox of \(record.service)")
    }

    @Test func anEventThatIsParkedWithoutCause() throws {
        var drill = drill
        let event = try drill.transaction(of: "stock", .committed).events[0]
        drill.change(view: 0) { $0.removeAll { $0.event == event.id } }
        drill.observations.parked.append(
            ParkedRecord(
                place: .view("copies.ledger"), service: "stock", event: event.id, key: event.key, reason: "a bad day"))
        expect(.parked, in: drill, naming: "\(event.id)", "without cause", "a bad day")
    }

    @Test func aViewThatIsNotAReplayOfItsSources() throws {
        var drill = drill
        let place = try #require(drill.observations.views[0].folds.keys.sorted().first)
        drill.observations.views[0].folds[place]?.sum += 1
        expect(.replay, in: drill, naming: "copies.ledger", "key \(place.key)")
    }

    @Test func aStoreThatForgetsOrInvents() throws {
        var drill = drill
        let event = try drill.transaction(of: "orders", .committed).events[0]
        drill.observations.journals["orders"]?.removeAll { $0.event == event.id }
        expect(.store, in: drill, naming: "has not all that it committed")
        drill = self.drill
        let ghost = try #require(
            drill.history.transactions.first { $0.service == "orders" && $0.outcome == .rolledBack })
        drill.observations.journals["orders"]?.append(
            JournalRow(transaction: ghost.id, event: ghost.events[0].id, key: "k1", version: 1))
        expect(.store, in: drill, naming: "has what was rolled back", ghost.id)
    }

    @Test func aProcessThatCrashes() {
        var drill = drill
        drill.history.take(HistoryEntry(at: 1_500, .died(process: "run 1", how: "it ended by itself, with signal 11")))
        expect(.process, in: drill, naming: "run 1 at 1.500 s", "signal 11")
    }

    @Test func whatIsLeftBehindIsTold() {
        var drill = drill
        drill.observations.outboxes[0].pending = 7
        expect(.undrained, in: drill, naming: "7 events of orders")
        drill = self.drill
        drill.observations.outboxes[1].retained = 2_001
        expect(.retained, in: drill, naming: "stock", "2001", "2000")
        drill = self.drill
        drill.history.take(
            HistoryEntry(at: 1_000, .faultBegan(FaultRecord(number: 2, step: 2, name: "long", begin: 1))))
        drill.history.take(HistoryEntry(at: 2_000, .recovered(step: 2, milliseconds: 61_000)))
        drill.history.take(HistoryEntry(at: 3_000, .recovered(step: 3, milliseconds: nil)))
        expect(.recovery, in: drill, naming: "2 times", "after step 2 (long): only after 61.000 s", "not at all")
    }
}
