import Brokers
import Endpoints
import FleetCore
import Parking

/// Which event is sent when, and what its answer means.
extension PushMachine {
    // MARK: Sending

    /// Puts a key into the queue of the endpoint that its first event goes to, unless it is at work, held or done.
    mutating func makeReady(_ key: String) {
        guard var lane = lanes[key], case .resting = lane.state else { return }
        let type: String
        if let parked = lane.parked {
            type = parked.event.type
        } else if let first = lane.first, !heldKeys.contains(key) {
            type = window[first].record.event.type
        } else {
            return
        }
        if let endpoint = routes[type] {
            lane.state = .ready
            lanes[key] = lane
            targets[endpoint].enqueue(key)
        } else if let parked = lane.parked {
            // Events of this type are not pushed any more.
            settle(parked, .delivered)
        }
    }

    /// What may be sent to an endpoint now.
    mutating func sends(to endpoint: Int) -> [Action] {
        var actions: [Action] = []
        while targets[endpoint].canSend, let key = targets[endpoint].dequeue() {
            guard let lane = lanes[key], case .ready = lane.state else { continue }
            guard let event = lane.parked?.event ?? lane.first.map({ window[$0].record.event }) else { continue }
            lanes[key]?.state = .sending
            targets[endpoint].inFlight += 1
            actions.append(.send(event, to: endpoint))
        }
        return actions
    }

    // MARK: Answers

    mutating func answered(_ key: String, _ endpoint: Int, _ answer: DeliveryAnswer) -> [Action] {
        targets[endpoint].inFlight -= 1
        lanes[key]?.state = .resting
        switch answer {
        case .delivered:
            targets[endpoint].delivered += 1
            recover(endpoint)
            if mustReopen { return [] }
            if let parked = lanes[key]?.parked {
                settle(parked, .delivered)
            } else {
                leaveLane(key, as: .delivered)
            }
            return []
        case .refused(let error, _):
            recover(endpoint)
            if mustReopen { return [] }
            if let parked = lanes[key]?.parked {
                settle(parked, .failed(error, isFinal: true))
            } else {
                leaveLane(key, as: .failed(error, isRetried: false))
            }
            return []
        case .notNow(let error, let wait, let mayBeTheEvent, _):
            return failed(key, endpoint, error, wait, mayBeTheEvent: mayBeTheEvent)
        }
    }

    /// The push was told to rest before it was this event's turn.
    mutating func unsent(_ key: String, _ endpoint: Int) {
        targets[endpoint].inFlight -= 1
        lanes[key]?.state = .resting
        if !mustReopen { makeReady(key) }
    }

    /// An endpoint has answered: those whose events it did not take while it was in trouble need not wait any longer.
    private mutating func recover(_ endpoint: Int) {
        let wasInTrouble = targets[endpoint].trouble != nil
        targets[endpoint].answered()
        guard wasInTrouble else { return }
        for key in targets[endpoint].takeDelayed() {
            guard case .delayed = lanes[key]?.state else { continue }
            lanes[key]?.state = .resting
            makeReady(key)
        }
    }

    /// The first record of a lane is delivered, or will be parked.
    private mutating func leaveLane(_ key: String, as state: PushWindow.State) {
        guard let ticket = lanes[key]?.first else { return }
        window.set(ticket, state)
        doneSinceCommit += 1
        leaveLane(key)
        if case .failed = state { heldKeys.insert(key) }
        makeReady(key)
    }

    mutating func leaveLane(_ key: String) {
        lanes[key]?.removeFirst()
        if lanes[key]?.isEmpty == true { lanes[key] = nil }
    }

    private mutating func failed(
        _ key: String, _ endpoint: Int, _ error: FleetError, _ pause: Duration?, mayBeTheEvent: Bool
    ) -> [Action] {
        var actions: [Action] = []
        if let ticket = targets[endpoint].failed(key, error) {
            let openings = targets[endpoint].breaker.openings
            actions.append(
                .wait(afterFailures: openings, atLeast: pause, then: .breaker(endpoint: endpoint, ticket: ticket)))
        } else if let pause {
            let ticket = targets[endpoint].paused(error)
            actions.append(.wait(afterFailures: 1, atLeast: pause, then: .breaker(endpoint: endpoint, ticket: ticket)))
        }
        if mustReopen { return actions }
        let breaker = targets[endpoint].breaker
        let isAlone = mayBeTheEvent && breaker.isClosed && breaker.suspects.allSatisfy { $0 == key }
        if let parked = lanes[key]?.parked {
            settle(parked, isAlone ? .failed(error, isFinal: false) : .postponed(error))
            return actions
        }
        guard var lane = lanes[key], let ticket = lane.first else { return actions }
        lane.failures += 1
        if lane.failures == 1 { lane.deliveredAtFirstFailure = targets[endpoint].delivered }
        if isAlone, targets[endpoint].delivered > lane.deliveredAtFirstFailure { lane.strikes += 1 }
        if lane.strikes >= Self.strikeLimit {
            leaveLane(key, as: .failed(error, isRetried: true))
            return actions
        }
        lane.state = .delayed
        lanes[key] = lane
        targets[endpoint].delay(key)
        actions.append(
            .wait(
                afterFailures: lane.failures, atLeast: pause,
                then: .lane(key: key, ticket: ticket, failures: lane.failures)))
        return actions
    }

    // MARK: Parked events

    /// Takes a parked event in hand that is to be tried again.
    mutating func take(_ event: ParkedEvent) {
        let key = event.event.key
        if let lane = lanes[key], !lane.isResting || lane.parked != nil {
            // Somebody else has parked an event of a key that was free: the store is right.
            mustReopen = true
            return
        }
        heldKeys.insert(key)
        lanes[key, default: PushLane()].parked = event
        parkedInHand += 1
        makeReady(key)
    }

    private mutating func settle(_ event: ParkedEvent, _ settlement: Settlement) {
        lanes[event.event.key]?.state = .settling
        settling[event.event.key] = (event, settlement)
        toSettle.append(event.event.key)
    }

    /// A parked event is settled. If there is another of its key, it is sent; if the key is free, its records are.
    mutating func settled(_ key: String, next: ParkedEvent?, isFree: Bool) {
        settling[key] = nil
        lanes[key]?.state = .resting
        lanes[key]?.parked = next
        if next == nil {
            parkedInHand -= 1
            // The next look tells when the next one is due.
            if parkedInHand == 0 { nextDue = Timestamp(microseconds: 0) }
        }
        if isFree { heldKeys.remove(key) }
        if lanes[key]?.isEmpty == true { lanes[key] = nil } else { makeReady(key) }
    }
}
