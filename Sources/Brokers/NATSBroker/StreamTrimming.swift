#if NATS
    import Brokers
    import FleetCore

    /// Drops records that are too old or too many, and that every cursor has passed.
    ///
    /// JetStream does it by limits of its own as well, but those do not ask who has still to read.
    struct StreamTrimming: Sendable {
        let stream: NATSStream
        let api: JetStreamAPI
        let retention: Retention
        let now: Timestamp

        /// Rounds of dropping for size: each takes half of what is estimated to be too much.
        private static let roundLimit = 64
        /// How many places beside each other are looked at for a record that is there.
        private static let neighbourLimit: UInt64 = 64

        func run(sparing readers: [SubscriptionName]) async throws {
            let cursors = try await api.consumers(of: stream.name).found.filter { $0.subscription != nil }
            // A consumer that is moved is gone for a moment, or for longer where whoever moves it ends just then.
            guard Set(readers).isSubset(of: cursors.compactMap(\.subscription)) else { return }
            var info = try await api.stream(stream.name)
            let slowest = cursors.map(\.cursor).min() ?? info.state.lastSequence
            guard info.state.messages > 0, slowest >= info.first else { return }
            let oldest = now.advanced(by: .zero - retention.age)
            if let first = info.state.firstTime.flatMap({ Timestamp($0) }), first < oldest {
                let kept = try await firstSequence(since: oldest, from: info.first, through: slowest)
                if kept > info.first { info = try await drop(before: kept) }
            }
            for _ in 0..<Self.roundLimit {
                guard info.state.messages > 0, info.first <= slowest, info.state.bytes > UInt64(retention.size.value)
                else {
                    return
                }
                let average = max(1, info.state.bytes / info.state.messages)
                let excess = (info.state.bytes - UInt64(retention.size.value)) / average
                info = try await drop(before: min(info.first + max(1, excess / 2), slowest + 1))
                try Task.checkCancellation()
            }
        }

        private func drop(before sequence: UInt64) async throws -> StreamInfo {
            try await api.purge(stream.name, before: sequence)
            CrashPoint.trimming.reached()
            return try await api.stream(stream.name)
        }

        /// The first sequence up to one whose record is not older than a time, or the one behind the last.
        private func firstSequence(since time: Timestamp, from first: UInt64, through last: UInt64) async throws
            -> UInt64
        {
            var (low, high) = (first, last + 1)
            while low < high {
                let middle = low + (high - low) / 2
                if let stored = try await storedTime(at: middle, below: high), stored >= time {
                    high = middle
                } else {
                    low = middle + 1
                }
            }
            return low
        }

        /// When the record at a sequence was appended, or the next that is there.
        private func storedTime(at sequence: UInt64, below end: UInt64) async throws -> Timestamp? {
            for place in sequence..<min(end, sequence + Self.neighbourLimit) {
                if let message = try await api.message(of: stream.name, at: place) { return message.stored }
            }
            return nil
        }
    }
#endif
