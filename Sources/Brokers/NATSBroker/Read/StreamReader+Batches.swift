#if NATS
    import Brokers
    import FleetCore
    import Synchronization

    extension StreamReader {
        /// How long a batch that has begun waits for records that are on their way.
        private static let fillTime = Duration.milliseconds(20)
        /// How many batches may be read and not acknowledged yet, to be acknowledged without asking.
        private static let replyLimit = 16

        struct Batch {
            let limit: BatchLimit
            var records: [LogRecord] = []
            var bytes = 0
            /// Whether what comes next does not belong to it.
            var isFull = false
            /// Where the last record is acknowledged.
            var reply: String?
        }

        /// Waits a little for what is known to be on its way, so that batches are not of what has just come.
        func fill(_ batch: inout Batch, from puller: PullReader) async throws {
            let deadline = ContinuousClock.now + Self.fillTime
            while !batch.isFull, state.withLock({ $0.next }) <= stream.lastKnown {
                let generation = puller.changes.generation
                let count = batch.records.count
                try take(from: puller, into: &batch)
                if batch.records.count > count { continue }
                let left = deadline - .now
                guard puller.trouble == nil, left > .zero else { return }
                await puller.changes.wait(past: generation, timeout: left)
                if Task.isCancelled { return }
            }
        }

        func take(from puller: PullReader, into batch: inout Batch) throws {
            while !batch.isFull, let arrival = puller.next {
                let record: LogRecord
                do {
                    record = try stream.record(arrival)
                } catch  where !batch.records.isEmpty {
                    // What comes before it is read first.
                    batch.isFull = true
                    break
                }
                let bytes = batch.bytes + record.event.size.value
                if !batch.records.isEmpty, bytes > batch.limit.bytes.value {
                    batch.isFull = true
                    break
                }
                puller.take()
                batch.records.append(record)
                batch.bytes = bytes
                batch.isFull = batch.records.count >= batch.limit.events.value
                batch.reply = subscription == nil ? nil : arrival.message.reply
                state.withLock { $0.next = arrival.delivery.sequence + 1 }
            }
        }

        /// Keeps how the batch is acknowledged.
        func remember(_ batch: Batch) {
            state.withLock { state in
                guard let reply = batch.reply else { return }
                if state.replies.count == Self.replyLimit { state.replies.removeFirst() }
                state.replies.append((state.next - 1, reply))
            }
        }
    }
#endif
