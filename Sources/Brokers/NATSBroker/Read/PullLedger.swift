#if NATS
    /// What a reader has asked a consumer for, and not got yet: the logic, without I/O.
    ///
    /// More is asked for before all that was is used up, so that the next messages are there when they are wanted.
    struct PullLedger: Sendable {
        /// A request for messages.
        struct Pull: Sendable, Equatable {
            var number: UInt64
            var count: Int
            /// In bytes; `nil` for whatever one message is of.
            var bytes: Int?
        }

        /// How much is read ahead: messages, and their bytes.
        static let (window, windowBytes) = (4096, 4 << 20)

        /// Messages that are still to come, by the number of their request.
        private var rest: [UInt64: Int] = [:]
        private var nextNumber: UInt64 = 0
        /// Whether the next message is larger than a whole request may be.
        private var nextIsLarge = false

        var isWaiting: Bool { !rest.isEmpty }

        /// - Parameters:
        ///   - held: messages that came, and were not taken yet.
        ///   - heldBytes: their bytes.
        /// - Returns: what to ask for now; `nil` where enough was.
        mutating func next(held: Int, heldBytes: Int) -> Pull? {
            let expected = rest.values.reduce(held, +)
            guard expected <= Self.window / 2, heldBytes < Self.windowBytes, rest.count < 2 else { return nil }
            if nextIsLarge, isWaiting || held > 0 { return nil }
            nextNumber += 1
            let pull =
                nextIsLarge
                ? Pull(number: nextNumber, count: 1, bytes: nil)
                : Pull(number: nextNumber, count: Self.window - expected, bytes: Self.windowBytes)
            nextIsLarge = false
            rest[nextNumber] = pull.count
            return pull
        }

        /// A message came. It does not say for which request: a server answers the oldest first.
        mutating func delivered() {
            guard let number = rest.keys.min(), let left = rest[number] else { return }
            rest[number] = left > 1 ? left - 1 : nil
        }

        /// Nothing more comes for a request.
        /// - Parameter isTooLarge: because the next message has more bytes than it asked for.
        mutating func ended(_ number: UInt64, isTooLarge: Bool) {
            guard let left = rest.removeValue(forKey: number) else { return }
            if isTooLarge, left == Self.window { nextIsLarge = true }
        }
    }
#endif
