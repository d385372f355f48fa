import FleetCore

extension Judge {
    /// Holds what was committed, and what is in the broker, against what a view made of it.
    mutating func judgeView(_ view: ViewState) {
        var ghosts = Examples()
        var repeated = Examples()
        var orders: [String: OrderCheck] = [:]
        var times: [EventID: Int] = [:]
        for application in view.applications {
            if let objection = truth.objection(to: application.event) {
                ghosts.add("\(wording.told(application.event)): \(objection)")
                continue
            }
            times[application.event, default: 0] += 1
            guard times[application.event] == 1 else { continue }
            let event = WrittenEvent(id: application.event, key: application.key, version: application.version)
            orders[application.service, default: OrderCheck()].take(event) { wording.told(event.id) }
        }
        for (event, count) in times.lazy.filter({ $0.value > 1 }).sorted(by: { $0.key < $1.key }) {
            repeated.add("\(wording.told(event)): \(count) times")
        }
        find(.ghost, ghosts) {
            "view \(view.name) applied \(Wording.counted($0, "event")) of no committed transaction"
        }
        find(.repeated, repeated) {
            "in view \(view.name), \(Wording.counted($0, "event")) took effect more than once"
        }
        for (service, order) in orders.sorted(by: { $0.key < $1.key }) {
            find(.order, order.examples) {
                "view \(view.name) applied \(Wording.counted($0, "event")) of \(service) after a later one of the same key"
            }
        }
        judgeLost(by: view, times)
        judgeReplay(of: view)
    }

    private mutating func judgeLost(by view: ViewState, _ times: [EventID: Int]) {
        for service in services {
            let inBroker = streamed[service] ?? []
            let parked = parkedEvents[.view(view.name)]?[service] ?? []
            var lost = Examples()
            for (place, fate) in truth.fates.sorted(by: { $0.key < $1.key }) where place.service == service {
                // What is not in the broker was told there.
                for event in fate.applied
                where times[event.id] == nil && inBroker.contains(event.id) && !parked.contains(event.id) {
                    lost.add(wording.told(event.id))
                }
            }
            find(.lost, lost) {
                """
                \(Wording.counted($0, "event")) of \(service) \($0 == 1 ? "is" : "are") in the broker, and never reached \
                view \(view.name)
                """
            }
        }
    }

    /// What is in a view must be what comes out where its events are taken from the sources again.
    private mutating func judgeReplay(of view: ViewState) {
        var expected: [Fold.Place: Fold] = [:]
        for (place, fate) in truth.fates { expected[place] = Fold(fate.applied.lazy.map(\.version)) }
        var wrong = Examples()
        for place in Set(expected.keys).union(view.folds.keys).sorted() where expected[place] != view.folds[place] {
            wrong.add(
                "\(place.service), key \(place.key): \(Self.told(view.folds[place])), must be \(Self.told(expected[place]))"
            )
        }
        find(.replay, wrong) {
            "view \(view.name) is not what a replay of the sources gives, for \(Wording.counted($0, "key"))"
        }
    }

    private static func told(_ fold: Fold?) -> String {
        fold.map { "\($0.count) events up to version \($0.last), sum \($0.sum)" } ?? "nothing"
    }

    /// Every event that was bound to fail lies where it failed, with those that wait behind it, and no other does.
    mutating func judgeParked() {
        for service in services {
            judgeParked(at: .outbox, "the outbox of \(service)", service, \.parkedAtOutbox)
            for view in observations.views {
                judgeParked(at: .view(view.name), "view \(view.name)", service, \.parkedAtViews)
            }
        }
    }

    private mutating func judgeParked(
        at place: ParkedRecord.Place, _ name: String, _ service: String, _ fated: KeyPath<Truth.Fate, [WrittenEvent]>
    ) {
        let here = parkedEvents[place]?[service] ?? []
        var expected: Set<EventID> = []
        var missing = Examples()
        for (key, fate) in truth.fates.sorted(by: { $0.key < $1.key }) where key.service == service {
            for event in fate[keyPath: fated] {
                expected.insert(event.id)
                if !here.contains(event.id) { missing.add(wording.told(event.id)) }
            }
        }
        find(.parked, missing) {
            """
            \(Wording.counted($0, "event")) of \(service) must be parked at \(name), or wait there, and \
            \($0 == 1 ? "is" : "are") not there
            """
        }
        var surplus = Examples()
        for record in observations.parked
        where record.place == place && record.service == service && !expected.contains(record.event) {
            surplus.add("\(wording.told(record.event)): \(record.reason ?? "waits behind another of its key")")
        }
        find(.parked, surplus) {
            "\(Wording.counted($0, "event")) of \(service) \($0 == 1 ? "is" : "are") parked at \(name) without cause"
        }
    }
}
