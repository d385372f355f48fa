#if NATS
    import Brokers
    import FleetCore
    import Foundation
    import Synchronization
    import TestKit
    import Testing

    @testable import NATSBroker

    /// What people and servers do to streams: each is an error that says what to do.
    @Suite struct NATSTroubleTests {
        @Test func withoutJetStreamItIsSaid() async throws {
            let server = try await NATSServer(hasJetStream: false)
            let place = Place([server.url])
            let error = try await checkThrows(.unavailable) { try await place.setup.plan(place.needs) }
            try check(error.remedy?.contains("JetStream") ?? false && error.isRetriable, "\(error)")
            let broker = place.broker()
            try await checkThrows(.unavailable) { try await broker.append([.numbered(1)], to: place.stream) }
            await broker.close()
        }

        @Test func aStreamOfSomebodyElseStaysAsItIs() async throws {
            let server = try await NATSServer()
            let place = Place([server.url])
            try await place.ask(
                "STREAM.CREATE.\(place.stream)", "{\"name\":\"\(place.stream)\",\"subjects\":[\"x.>\"]}")
            let error = try await checkThrows(.invalidInput) { try await place.setup.apply(place.needs) }
            try check(error.message.contains("not Flotilla's"), "\(error)")
        }

        @Test func settingsThatChangedAreToldAndMended() async throws {
            let server = try await NATSServer()
            var place = Place([server.url])
            _ = try await place.setup.apply(place.needs)
            try checkEqual(try await place.setup.plan(place.needs), [])
            place.limit = .mebibytes(512)
            let steps = try await place.setup.plan(place.needs)
            try checkEqual(steps, ["change stream fleet-orders: limit 1 GiB → 512 MiB"])
            try checkEqual(try await place.setup.apply(place.needs), steps)
            try checkEqual(try await place.setup.plan(place.needs), [])
            place.replicas = 3
            let impossible = place
            let error = try await checkThrows(.invalidInput) { try await impossible.setup.apply(impossible.needs) }
            try check(error.remedy?.contains("replicas") ?? false, "\(error)")
        }

        @Test func aStreamThatWasDeletedIsMissingUntilItIsMadeAnewAndThenAnother() async throws {
            let server = try await NATSServer()
            let place = Place([server.url])
            try await place.withBroker { broker in
                _ = try await broker.append([.numbered(1), .numbered(2)], to: place.stream)
                let all = try await broker.read(place.stream, for: place.reader, after: .start, limit: .standard)
                let identity = try await broker.bounds(of: place.stream).identity
                try await place.ask("STREAM.DELETE.\(place.stream)")
                try await checkThrows(.missing) { try await broker.append([.numbered(3)], to: place.stream) }
                try await eventually("the reader is told") {
                    do {
                        _ = try await broker.read(
                            place.stream, for: place.reader, after: all.last?.position ?? .start, limit: .standard)
                        return false
                    } catch let error as FleetError { return error.code == .missing }
                }
                _ = try await place.setup.apply(place.needs)
                _ = try await broker.append((3..<9).map { Event.numbered($0) }, to: place.stream)
                try await checkThrows(.gap) {
                    try await broker.read(
                        place.stream, for: place.reader, after: all.last?.position ?? .start, limit: .standard)
                }
                try check(
                    try await broker.bounds(of: place.stream).identity != identity, "it is told as the same stream")
            }
        }

        /// As a server of a cluster leads it that has come back without what it had, or as it comes out of an older backup.
        @Test func aStreamThatHasLostItsEndIsNotAppendedTo() async throws {
            let server = try await NATSServer()
            let place = Place([server.url])
            let (data, older, newer) = (
                server.directory.file("data"), server.directory.file("older"), server.directory.file("newer")
            )
            let files = FileManager.default
            try await place.withBroker { broker in
                _ = try await broker.append((1...3).map { Event.numbered($0) }, to: place.stream)
                try await server.stop()
                try files.copyItem(atPath: data, toPath: older)
                try await server.start()
                _ = try await patiently {
                    try await broker.append((4...6).map { Event.numbered($0) }, to: place.stream)
                }
                try await server.stop()
                try files.moveItem(atPath: data, toPath: newer)
                try files.moveItem(atPath: older, toPath: data)
                try await server.start()
                // Until it is there again, nobody answers.
                let told = Mutex("")
                try await eventually("it is told") {
                    do {
                        _ = try await broker.append([.numbered(7)], to: place.stream)
                        throw CheckFailure("it was appended to")
                    } catch let error as FleetError {
                        told.withLock { $0 = error.message }
                        return error.code == .gap && error.isRetriable
                    }
                }
                let message = told.withLock { $0 }
                try check(message.contains("ends at position 3") && message.contains("up to position 6"), message)
                let other = place.broker()
                try checkEqual(try await patiently { try await other.numbers(of: place.stream) }, [1, 2, 3])
                await other.close()
                try await server.stop()
                try files.removeItem(atPath: data)
                try files.moveItem(atPath: newer, toPath: data)
                try await server.start()
                _ = try await patiently { try await broker.append([.numbered(7)], to: place.stream) }
                try checkEqual(try await patiently { try await broker.numbers(of: place.stream) }, Array(1...7))
            }
        }

        @Test func aRecordThatWasRemovedIsAGap() async throws {
            let server = try await NATSServer()
            for removed in [1, 3, 5] {
                let place = Place([server.url], "fleet\(removed)")
                try await place.withBroker { broker in
                    _ = try await broker.append((1...5).map { Event.numbered($0) }, to: place.stream)
                    try await place.ask("STREAM.MSG.DELETE.\(place.stream)", "{\"seq\":\(removed)}")
                    let error = try await checkThrows(.gap) {
                        var position = LogPosition.start
                        while true {
                            let batch = try await broker.read(
                                place.stream, for: place.reader, after: position, limit: .standard)
                            guard let last = batch.last else { throw CheckFailure("the gap at \(removed) was skipped") }
                            position = last.position
                        }
                    }
                    try check(error.remedy != nil, "\(error)")
                }
            }
        }

        /// As one does whose server is behind, and does not know.
        @Test func aConsumerThatDoesNotDeliverWhatIsThereIsMadeAnew() async throws {
            let server = try await NATSServer()
            let place = Place([server.url])
            try await place.withBroker { broker in
                _ = try await broker.append([.numbered(1), .numbered(2)], to: place.stream)
                let consumer = ConsumerName.of(place.reader)
                try await place.ask("CONSUMER.DELETE.\(place.stream).\(consumer)")
                try await place.ask(
                    "CONSUMER.DURABLE.CREATE.\(place.stream).\(consumer)",
                    "{\"stream_name\":\"\(place.stream)\",\"config\":{\"durable_name\":\"\(consumer)\",\"ack_policy\":\"all\","
                        + "\"deliver_policy\":\"by_start_sequence\",\"opt_start_seq\":1,\"filter_subject\":\"fleet.orders.Nothing\"}}"
                )
                // Whoever reads tries again, as a delivery does.
                var numbers: [Int] = []
                try await eventually("the records come") {
                    do {
                        numbers = try await broker.read(
                            place.stream, for: place.reader, after: .start, limit: .standard
                        ).map(\.event.number)
                        return true
                    } catch let error as FleetError where error.code == .unavailable {
                        return false
                    }
                }
                try checkEqual(numbers, [1, 2])
            }
        }

        @Test func aMessageThatIsNoEventIsToldAndNotSkipped() async throws {
            let server = try await NATSServer()
            let place = Place([server.url])
            try await place.withBroker { broker in
                _ = try await broker.append([.numbered(1)], to: place.stream)
                try await place.publish("hello", to: "fleet.orders.Strange")
                _ = try await broker.append([.numbered(2)], to: place.stream)
                let first = try await broker.read(place.stream, for: place.reader, after: .start, limit: .standard)
                try checkEqual(first.map(\.event.number), [1])
                for _ in 0..<2 {
                    let error = try await checkThrows(.badEvent) {
                        try await broker.read(
                            place.stream, for: place.reader, after: first[0].position, limit: .standard)
                    }
                    try check(error.message.contains("position 2"), "\(error)")
                }
            }
        }

        @Test func aMessageThatTheServerDoesNotTakeIsTold() async throws {
            let server = try await NATSServer(maximumPayload: 64 << 10)
            let place = Place([server.url])
            try await place.withBroker { broker in
                _ = try await broker.append([.numbered(1)], to: place.stream)
                let events = [Event.numbered(2), .numbered(3, payload: 65_500)]
                let error = try await checkThrows(.invalidInput) { try await broker.append(events, to: place.stream) }
                try check(error.remedy?.contains("max_payload") ?? false, "\(error)")
                _ = try await broker.append([.numbered(4, payload: 60_000)], to: place.stream)
                try checkEqual(try await broker.numbers(of: place.stream), [1, 4])
            }
        }

        @Test func aStreamThatIsFullTakesNoMoreUntilItsReadersHaveCaughtUp() async throws {
            let server = try await NATSServer()
            var place = Place([server.url])
            place.limit = .kibibytes(64)
            let small = place
            _ = try await small.setup.apply(small.needs)
            let broker = small.broker(Retention(age: .seconds(86_400), size: .kibibytes(16), limit: .kibibytes(64)))
            let events = (0..<100).map { Event.numbered($0, payload: 1_000) }
            for _ in 0..<3 {
                let error = try await checkThrows(.full) { try await broker.append(events, to: small.stream) }
                try check(error.isRetriable && error.message.contains("limit"), "\(error)")
                try await broker.trim(small.stream)
            }
            var numbers: [Int] = []
            var position = LogPosition.start
            try await eventually("all are there") {
                let batch = try await broker.read(small.stream, for: small.reader, after: position, limit: .standard)
                numbers += batch.map(\.event.number)
                if let last = batch.last { position = last.position }
                try await broker.acknowledge(upTo: position, by: small.reader, in: small.stream)
                try await broker.trim(small.stream)
                if numbers.count == events.count { return true }
                do {
                    _ = try await broker.append(events, to: small.stream)
                } catch let error as FleetError where error.code == .full {}
                return false
            }
            try checkEqual(numbers, Array(0..<100))
            await broker.close()
        }

        @Test func trimmingDropsByAgeAndSizeWhatEverybodyHasRead() async throws {
            let server = try await NATSServer()
            let place = Place([server.url])
            try await place.withBroker { broker in
                for batch in 0..<10 {
                    _ = try await broker.append(
                        (batch * 50..<batch * 50 + 50).map { Event.numbered($0, payload: 1_000) }, to: place.stream)
                }
                try await broker.acknowledge(upTo: LogPosition(400), by: place.reader, in: place.stream)
                let sized = place.broker(Retention(age: .seconds(86_400), size: .kibibytes(300), limit: .gibibytes(1)))
                try await sized.trim(place.stream)
                let bounds = try await sized.bounds(of: place.stream)
                try check(bounds.size <= .kibibytes(300) && bounds.size > .kibibytes(290), "\(bounds)")
                await sized.close()
                let aged = place.broker(Retention(age: .zero, size: .gibibytes(1), limit: .gibibytes(1)))
                try await aged.trim(place.stream)
                try checkEqual(try await aged.bounds(of: place.stream).first, LogPosition(401))
                await aged.close()
            }
        }

        @Test func aStreamMayGoOnFromAnotherBrokers() async throws {
            let server = try await NATSServer()
            let place = Place([server.url])
            try await place.setup.adopt(place.stream, identity: "old-one", from: LogPosition(1_001))
            try await place.withBroker { broker in
                var bounds = try await broker.bounds(of: place.stream)
                try checkEqual(bounds.identity, "old-one")
                try checkEqual(bounds.first, LogPosition(1_001))
                try checkEqual(bounds.last, LogPosition(1_000))
                try checkEqual(
                    try await broker.append([.numbered(1), .numbered(2)], to: place.stream), LogPosition(1_002))
                bounds = try await broker.bounds(of: place.stream)
                try checkEqual(bounds.last, LogPosition(1_002))
                let records = try await broker.read(
                    place.stream, for: place.reader, after: LogPosition(1_000), limit: .standard)
                try checkEqual(records.map(\.position), [LogPosition(1_001), LogPosition(1_002)])
                try await broker.acknowledge(upTo: LogPosition(1_001), by: place.reader, in: place.stream)
                try checkEqual(try await broker.subscriptions(of: place.stream), [place.reader: LogPosition(1_001)])
            }
        }
    }
#endif
