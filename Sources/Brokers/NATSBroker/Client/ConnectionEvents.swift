#if NATS
    import CLibNATS
    import FleetCore
    import Synchronization

    /// Takes what comes to a subscription. Called on a thread of libnats: it copies, and signals.
    protocol MessageReceiver: AnyObject, Sendable {
        func receive(_ message: NATSMessage)
    }

    /// Is told when a connection was lost: what was asked for will not come.
    protocol ConnectionWatcher: AnyObject, Sendable {
        func connectionChanged()
    }

    /// What libnats tells of a connection while it lives.
    final class ConnectionEvents: MessageReceiver {
        private struct State {
            var lastError: (number: UInt64, status: natsStatus, text: String)?
            var nextNumber: UInt64 = 0
            /// Who waits for an answer, by the number at the end of its subject.
            var slots: [UInt64: ReplySlot] = [:]
            var watchers: [ObjectIdentifier: any ConnectionWatcher] = [:]
        }

        /// `_INBOX.<unique>.`
        let inbox: String
        /// Told whenever the connection is lost, and when it is back.
        let changes = ChangeSignal()
        private let state = Mutex(State())

        init(inbox: String) { self.inbox = inbox + "." }

        /// How many errors were told so far.
        var errorCount: UInt64 { state.withLock { $0.lastError?.number ?? 0 } }

        /// The last error that was told after as many.
        func error(after count: UInt64) -> (status: natsStatus, text: String)? {
            state.withLock { state in
                state.lastError.flatMap { $0.number > count ? ($0.status, $0.text) : nil }
            }
        }

        /// A subject that nobody has had, with a dot at the end.
        func newInbox() -> String {
            let number = state.withLock { state in
                state.nextNumber += 1
                return state.nextNumber
            }
            return "\(inbox)r\(number)."
        }

        /// - Returns: the slot's number; what is sent to `<inbox><number>` comes to it.
        func add(_ slot: ReplySlot) -> UInt64 {
            state.withLock { state in
                state.nextNumber += 1
                state.slots[state.nextNumber] = slot
                return state.nextNumber
            }
        }

        func remove(_ number: UInt64) {
            // Freed outside of the lock.
            _ = state.withLock { $0.slots.removeValue(forKey: number) }
        }

        func add(watcher: any ConnectionWatcher) {
            state.withLock { $0.watchers[ObjectIdentifier(watcher)] = watcher }
        }

        func remove(watcher: any ConnectionWatcher) {
            _ = state.withLock { $0.watchers.removeValue(forKey: ObjectIdentifier(watcher)) }
        }

        func lost() {
            let (slots, watchers) = state.withLock { (Array($0.slots.values), Array($0.watchers.values)) }
            for slot in slots { slot.connectionChanged() }
            for watcher in watchers { watcher.connectionChanged() }
            changes.notify()
        }

        func told(_ status: natsStatus, _ text: String) {
            let slots = state.withLock { state in
                state.lastError = ((state.lastError?.number ?? 0) + 1, status, text)
                return Array(state.slots.values)
            }
            // Whoever waits looks whether it is about what it asked.
            for slot in slots { slot.connectionChanged() }
        }

        func receive(_ message: NATSMessage) {
            guard let number = UInt64(message.subject.dropFirst(inbox.utf8.count)) else { return }
            state.withLock { $0.slots[number] }?.receive(message)
        }
    }

    /// Waits for an answer. In a cluster, several servers may give one.
    final class ReplySlot: Sendable {
        private let state = Mutex<[NATSMessage]>([])
        private let changes = ChangeSignal()

        /// The oldest answer that was not taken yet.
        func take() -> NATSMessage? { state.withLock { $0.isEmpty ? nil : $0.removeFirst() } }

        func receive(_ message: NATSMessage) {
            state.withLock { $0.append(message) }
            changes.notify()
        }

        func connectionChanged() { changes.notify() }

        /// Counts what happened so far.
        var generation: UInt64 { changes.generation }

        /// Returns once anything has happened since.
        func wait(past generation: UInt64, timeout: Duration) async {
            await changes.wait(past: generation, timeout: timeout)
        }
    }

    /// The functions that libnats calls for a connection. Each gets the ``ConnectionEvents`` that the connection was opened with.
    enum ConnectionCallbacks {
        static let disconnected: natsConnectionHandler = { _, closure in events(closure)?.lost() }

        static let reconnected: natsConnectionHandler = { _, closure in events(closure)?.changes.notify() }

        static let error: natsErrHandler = { connection, _, status, closure in
            var text: UnsafePointer<CChar>?
            _ = natsConnection_GetLastError(connection, &text)
            events(closure)?.told(status, text.map { String(cString: $0) } ?? "")
        }

        /// The last call of all for a connection: its share of the events is let go of.
        static let closed: natsConnectionHandler = { _, closure in
            guard let closure else { return }
            Unmanaged<ConnectionEvents>.fromOpaque(closure).takeRetainedValue().lost()
        }

        /// How long to wait before all servers are tried again, in milliseconds.
        static let delay: natsCustomReconnectDelayHandler = { _, attempts, _ in
            var random = SystemRandomNumberGenerator()
            let backoff = Backoff(initial: .milliseconds(100), cap: .seconds(2))
            return backoff.delay(afterFailures: Int(attempts), using: &random).wholeMicroseconds / 1000
        }

        private static func events(_ closure: UnsafeMutableRawPointer?) -> ConnectionEvents? {
            closure.map { Unmanaged<ConnectionEvents>.fromOpaque($0).takeUnretainedValue() }
        }
    }
#endif
