import Foundation
import HTTPReceiver
import TestKit
import Testing

/// What is counted of sagas: how they end, and that one is parked.
@Suite(.lanes) struct SagaObjectiveTests {
    /// Sagas in one store are counted also where another store with sagas is away.
    @Test func aJournalThatIsAwayHoldsUpNoOther() async throws {
        func saga(_ service: String) -> String {
            """
              \(service)_saga:
                start: \(service).Sold
                journal: \(service)
                deadline: 1h
                steps:
                  - step: wait
                    timer: 1ms
            """
        }
        let fleet = try FleetDirectory(
            """
            fleet: shops
            objectives:
              left_done: {saga: left_saga, latency: 5m, target: 99%}
              right_done: {saga: right_saga, latency: 5m, target: 99%}
            services:
              left: {store: "sqlite:left.db", publishes: [Sold]}
              right: {store: "sqlite:right.db", publishes: [Sold]}
            sagas:
            \(saga("left"))
            \(saga("right"))
            """)
        let applied = try await fleet.flotilla("apply")
        #expect(applied.ended(0), "\(applied.said)")
        let run = try await fleet.startRun()
        try FileManager.default.moveItem(atPath: fleet.file("left.db"), toPath: fleet.file("away.db"))
        try await eventually("it is said") {
            run.errors.contains("what is counted of sagas in left for objectives cannot be read or kept")
        }
        try await fleet.store("right.db").publish(OutboxRow(key: "1", type: "Sold", payload: "{}"))
        let reader = ObjectiveFleet(directory: fleet)
        try await eventually("the other is counted") { try await reader.reading()["right_done"]?.total == 1 }
        #expect(!run.errors.contains("sagas in right for objectives"), "\(run.errors)")
        try FileManager.default.moveItem(atPath: fleet.file("away.db"), toPath: fleet.file("left.db"))
        try await fleet.store("left.db").publish(OutboxRow(key: "1", type: "Sold", payload: "{}"))
        try await eventually("it is counted when it is there again") {
            try await reader.reading()["left_done"]?.total == 1
        }
        run.send(SIGTERM)
        #expect(try await run.end() == .code(0))
    }

    @Test func onlyAParkedSagaIsAnError() async throws {
        // 1 is charged; 2 cannot be charged, and is undone; 3 cannot be undone either.
        let receiver = try await HTTPReceiver { request in
            let fails = ["/pay/2", "/pay/3", "/release/3"].contains(request.path)
            return .answer(fails ? 404 : 200, body: "{}")
        }
        let base = "http://127.0.0.1:\(receiver.port)"
        let fleet = try FleetDirectory(
            """
            fleet: shop
            objectives:
              charged: {saga: charge, errors: 1%}
              charged_soon: {saga: charge, latency: 5m, target: 99%}
            services:
              shop:
                store: sqlite:shop.db
                publishes: [Sold]
            sagas:
              charge:
                start: shop.Sold
                deadline: 1h
                steps:
                  - step: reserve
                    http: {url: "\(base)/reserve/{data.id}", body: {id: data.id}}
                    compensate:
                      http: {url: "\(base)/release/{data.id}", body: {id: data.id}}
                  - step: pay
                    http: {url: "\(base)/pay/{data.id}", body: {id: data.id}}
                    compensate:
                      http: {url: "\(base)/refund/{data.id}", body: {id: data.id}}
            """)
        let applied = try await fleet.flotilla("apply")
        #expect(applied.ended(0), "\(applied.said)")
        for id in 1...3 {
            try await fleet.store("shop.db").publish(
                OutboxRow(key: "\(id)", type: "Sold", payload: "{\"id\": \(id)}"))
        }
        let run = try await fleet.startRun()
        let reader = ObjectiveFleet(directory: fleet)
        try await eventually("two have ended, and one is parked") {
            let reading = try await reader.reading()
            return (reading["charged"]?.total ?? 0) >= 3 && reading["charged_soon"]?.total == 2
        }
        let reading = try await reader.reading()
        #expect((reading["charged"]?.bad ?? 0) >= 1 && reading["charged_soon"]?.bad == 0)
        // It is bad once, and once in each minute in which it is parked and nothing else is bad.
        #expect((reading["charged"]?.bad ?? 99) <= 4, "\(reading)")
        #expect((reading["charged"]?.total ?? 0) - (reading["charged"]?.bad ?? 0) == 2)
        run.send(SIGTERM)
        #expect(try await run.end() == .code(0))
        try await receiver.stop()
    }
}
