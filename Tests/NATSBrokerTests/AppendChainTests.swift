#if NATS
    import FleetCore
    import TestKit
    import Testing

    @testable import NATSBroker

    /// The chain against a stream in memory that loses messages and answers, forgets what it was sent before, and that
    /// others append to.
    @Suite struct AppendChainTests {
        private struct Stream {
            var ids: [EventID] = []
            /// Ids that the server knows as sent already: a window over the last messages.
            var window = 64

            func isKnown(_ id: EventID) -> Bool { ids.suffix(window).contains(id) }

            /// As a server does: first whether it knows the id, then whether the message is in its place.
            mutating func take(_ id: EventID, after sequence: UInt64, orAfter previous: EventID?) -> AppendChain.Input {
                if isKnown(id) { return .duplicate(UInt64(ids.lastIndex(of: id).map { $0 + 1 } ?? 0)) }
                guard previous.map({ $0 == ids.last }) ?? (sequence == UInt64(ids.count)) else { return .outOfPlace }
                ids.append(id)
                return .acknowledged(UInt64(ids.count))
            }
        }

        private func id(_ number: Int) -> EventID { EventID(high: 1, low: UInt64(number)) }

        /// - Returns: whether the batch is known to be there.
        private func append(
            _ batch: [EventID], to stream: inout Stream, end: inout UInt64?, floor: inout UInt64?, faults: Double,
            others: Double, _ random: inout RandomSource
        ) -> Bool {
            var chain = AppendChain(batch, end: end, floor: floor)
            let known = end ?? floor
            var action = chain.start()
            for _ in 0..<1_000 {
                if Double.random(in: 0..<1, using: &random) < others {
                    stream.ids.append(EventID(high: 2, low: UInt64(stream.ids.count)))
                }
                let input: AppendChain.Input
                switch action {
                case .send(let range, let after):
                    var answer = AppendChain.Input.unknown
                    for (offset, index) in range.enumerated() {
                        // The connection ends here: what follows does not arrive.
                        if Double.random(in: 0..<1, using: &random) < faults / 10 {
                            answer = .unknown
                            break
                        }
                        answer = stream.take(batch[index], after: after, orAfter: offset == 0 ? nil : batch[index - 1])
                        if index < range.upperBound - 1 { answer = .unknown }
                    }
                    input = Double.random(in: 0..<1, using: &random) < faults ? .unknown : answer
                case .look:
                    // The call fails, and is made again later.
                    if Double.random(in: 0..<1, using: &random) < faults {
                        (end, floor) = (nil, known)
                        return false
                    }
                    input = .ends(first: 1, last: UInt64(stream.ids.count))
                case .scan(let after, let through):
                    input = .found(Array(stream.ids[Int(after)..<Int(through)]))
                case .done(let last):
                    #expect(last <= UInt64(stream.ids.count))
                    (end, floor) = (last, last)
                    return true
                case .giveUp:
                    (end, floor) = (nil, known)
                    return false
                }
                action = chain.handle(input)
            }
            Issue.record("the chain does not end")
            return false
        }

        @Test(arguments: 0..<60) func nothingIsLostRepeatedOrOutOfOrder(round: Int) async throws {
            var random = RandomSource(for: "append chain \(round)")
            var stream = Stream()
            stream.window = [0, 8, 64, 100_000][round % 4]
            var (end, floor): (UInt64?, UInt64?) = (nil, nil)
            let faults = [0, 0.05, 0.3][round % 3]
            var next = 0
            for _ in 0..<40 {
                await Task.yield()
                let batch = (next..<next + Int.random(in: 1...20, using: &random)).map(id)
                var isThere = false
                for _ in 0..<200 where !isThere {
                    isThere = append(
                        batch, to: &stream, end: &end, floor: &floor, faults: faults, others: round % 5 == 0 ? 0.05 : 0,
                        &random)
                    // The process began anew: it knows nothing of the stream.
                    if Int.random(in: 0..<20, using: &random) == 0 { (end, floor) = (nil, nil) }
                }
                #expect(isThere)
                next += batch.count
            }
            #expect(stream.ids.filter { $0.high == 1 } == (0..<next).map(id))
        }

        /// A writer that uses an id twice: the second is no event of its own, and hides none beside it.
        @Test func anIDThatIsThereTwiceHidesNothing() {
            var random = RandomSource(for: "ids that are there twice")
            for window in [0, 4, 1_000] {
                var stream = Stream()
                stream.window = window
                var (end, floor): (UInt64?, UInt64?) = (nil, nil)
                let batches = [[1, 2, 3], [4, 5, 2, 6], [7, 7, 1, 8]]
                for batch in batches {
                    let isThere = append(
                        batch.map(id), to: &stream, end: &end, floor: &floor, faults: 0, others: 0, &random)
                    #expect(isThere)
                }
                for number in 1...8 { #expect(stream.ids.contains(id(number)), "\(number) of \(stream.ids)") }
            }
        }

        @Test func othersThatAppendWithoutPauseAreTold() {
            var chain = AppendChain([id(1)], end: 0, floor: nil)
            var action = chain.start()
            var rounds = 0
            while action != .giveUp, rounds < 100 {
                rounds += 1
                switch action {
                case .send: action = chain.handle(.outOfPlace)
                case .look: action = chain.handle(.ends(first: 1, last: UInt64(rounds)))
                case .scan: action = chain.handle(.found([]))
                case .done, .giveUp: break
                }
            }
            #expect(action == .giveUp)
        }
    }
#endif
