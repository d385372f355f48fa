import FleetCore
import Outbox
import SQLiteStore
import Stores
import TestKit
import Testing

@Suite struct OutboxCaptureTests {
    @Test func capturesInCommitOrderAndInBatches() async throws {
        let file = try await OutboxFile()
        for number in 1...10 { try await file.add(number, key: "order-\(number % 3)") }
        try await file.withOutbox { outbox in
            let limit = BatchLimit(events: 4, bytes: .mebibytes(1))
            let first = try await outbox.captureNow(limit: limit)
            #expect(first.numbers == [1, 2, 3, 4])
            let second = try await outbox.captureNow(after: first[3].position, limit: limit)
            #expect(second.numbers == [5, 6, 7, 8])
            #expect(first.map(\.position) == first.map(\.position).sorted())
            let tiny = try await outbox.captureNow(limit: BatchLimit(events: 10, bytes: ByteCount(1)))
            #expect(tiny.numbers == [1])
            let event = try #require(first.first?.event)
            #expect(event.source == "/northwind/orders")
            #expect(event.key == "order-1")
            #expect(event.type == "OrderPlaced")
            #expect(event.aggregateType == "order")
            #expect(event.payload == Array(#"{"number": 1}"#.utf8))
            #expect(event.contentType == "application/json")
            // What is not acknowledged is captured again.
            #expect(try await outbox.captureNow().numbers == Array(1...10))
        }
    }

    @Test func whatWasRolledBackIsNotCaptured() async throws {
        let file = try await OutboxFile()
        try await file.withOutbox { outbox in
            var random = RandomSource(for: "what was rolled back is not captured")
            var expected: [Int] = []
            var captured: [Int] = []
            var position = OutboxPosition.start
            for round in 0..<60 {
                let count = Int.random(in: 0...3, using: &random)
                let numbers = (0..<count).map { round * 10 + $0 }
                let fails = Bool.random(using: &random)
                do {
                    try await file.store.write { transaction in
                        for number in numbers { try transaction.addRow(number) }
                        if fails { throw FleetError(.badEvent, "on purpose") }
                    }
                    expected += numbers
                } catch let error as FleetError where error.code == .badEvent {}
                if Bool.random(using: &random) {
                    let rows = try await outbox.captureNow(after: position)
                    captured += rows.numbers
                    position = rows.last?.position ?? position
                    if Bool.random(using: &random) { try await outbox.publish(rows) }
                }
            }
            captured += try await outbox.captureNow(after: position).numbers
            #expect(captured == expected)
        }
    }

    @Test func writersAtTheSameTimeLoseNothingAndKeepTheirOrder() async throws {
        let file = try await OutboxFile()
        try await file.withOutbox(watcher: FileWatcher()) { outbox in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for writer in 0..<4 {
                    group.addTask {
                        let store = try SQLiteStore(path: file.path)
                        for number in 0..<25 {
                            try await addPatiently(store, writer * 1_000 + number, key: "key-\(writer)")
                        }
                        await store.close()
                    }
                }
                var seen: [Int] = []
                var position = OutboxPosition.start
                let end = ContinuousClock.now + .seconds(120)
                while seen.count < 100, ContinuousClock.now < end {
                    let rows = try await outbox.capture(after: position, limit: .standard, patience: .milliseconds(100))
                        .rows
                    seen += rows.numbers
                    position = rows.last?.position ?? position
                    try await settlePatiently(outbox, rows)
                }
                try await group.waitForAll()
                #expect(seen.count == 100)
                for writer in 0..<4 {
                    #expect(seen.filter { $0 / 1_000 == writer } == (0..<25).map { writer * 1_000 + $0 })
                }
            }
            #expect(try await file.numbers() == [])
        }
    }

    @Test(arguments: [true, false])
    func aNewRowIsNoticed(isWatched: Bool) async throws {
        let file = try await OutboxFile()
        try await file.withOutbox(watcher: isWatched ? FileWatcher() : nil) { outbox in
            var position = OutboxPosition.start
            for number in 1...5 {
                let after = position
                let start = ContinuousClock.now
                async let waiting = outbox.capture(after: after, limit: .standard, patience: .seconds(300)).rows
                for _ in 0..<number * 10 { await Task.yield() }
                try await addPatiently(file.store, number, key: "order-1")
                let rows = try await waiting
                #expect(rows.numbers == [number])
                #expect(ContinuousClock.now - start < .seconds(120))
                position = rows.last?.position ?? position
            }
        }
    }

    /// How long a capture takes is told without what was waited for something to capture.
    @Test func waitingIsNoPartOfCapturing() async throws {
        let file = try await OutboxFile()
        try await file.withOutbox { outbox in
            let begun = ContinuousClock.now
            async let waiting = outbox.capture(after: .start, limit: .standard, patience: .seconds(300))
            try await eventually("it has waited for a while") { ContinuousClock.now - begun > .milliseconds(400) }
            try await file.add(1)
            let captured = try await waiting
            let whole = ContinuousClock.now - begun
            #expect(captured.took > .zero, "\(captured.took)")
            #expect(captured.took <= whole - .milliseconds(300), "\(captured.took) of \(whole)")
        }
    }

    @Test func patienceEnds() async throws {
        let file = try await OutboxFile()
        try await file.withOutbox(watcher: FileWatcher()) { outbox in
            let start = ContinuousClock.now
            let rows = try await outbox.capture(after: .start, limit: .standard, patience: .milliseconds(60)).rows
            #expect(rows.isEmpty)
            let waited = ContinuousClock.now - start
            #expect(waited >= .milliseconds(50) && waited < .seconds(120))
            let work = Task { try await outbox.capture(after: .start, limit: .standard, patience: .seconds(300)) }
            work.cancel()
            await #expect(throws: (any Error).self) { try await work.value }
            #expect(ContinuousClock.now - start < .seconds(120))
        }
    }

    @Test func rowsOfAnotherProcessAreCaptured() async throws {
        guard let python = Command("python3") else { return }
        let file = try await OutboxFile()
        let script = """
            import sqlite3, sys, uuid
            connection = sqlite3.connect(sys.argv[1], timeout=180)
            def row(type):
                connection.execute(
                    "INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload) VALUES (?, 'order', '7', ?, ?)",
                    (str(uuid.uuid4()), type, '{"by": "python"}'))
            row('First'); row('Second'); connection.commit()
            row('RolledBack'); connection.rollback()
            row('Third'); connection.commit()
            row('NeverCommitted')
            """
        try await file.withOutbox(watcher: FileWatcher()) { outbox in
            async let waiting = outbox.capture(after: .start, limit: .standard, patience: .seconds(300)).rows
            try python.succeed(["-c", script, file.path])
            var rows = try await waiting
            #expect(!rows.isEmpty)
            rows += try await outbox.captureNow(after: rows.last?.position ?? .start)
            #expect(rows.compactMap(\.event?.type) == ["First", "Second", "Third"])
            #expect(rows.allSatisfy { $0.event?.payload == Array(#"{"by": "python"}"#.utf8) && $0.key == "7" })
            // The time is the column's default.
            let time = try #require(rows.first?.event?.time)
            #expect(Timestamp.now().elapsed(since: time) < .seconds(600))
        }
    }
}

/// Adds a row, however long others hold the file.
func addPatiently(_ store: SQLiteStore, _ number: Int, key: String) async throws {
    try await patiently { try await store.write { try $0.addRow(number, key: key) } }
}

func settlePatiently(_ outbox: SQLiteOutbox, _ rows: [CapturedRow]) async throws {
    try await patiently { try await outbox.publish(rows) }
}

private func patiently(_ body: () async throws -> Void) async throws {
    while true {
        do {
            return try await body()
        } catch let error as FleetError where error.code == .busy && error.isRetriable {
            await Task.yield()
        }
    }
}
