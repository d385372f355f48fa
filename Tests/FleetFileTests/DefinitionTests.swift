import FleetCore
import FleetFile
import Foundation
import Testing
import Wire

@Suite struct DefinitionTests {
    @Test func aWholeFileIsRead() throws {
        let result = read(goodFile)
        #expect(result.problems.isEmpty)
        let fleet = try #require(result.definition)
        #expect(fleet.name.text == "northwind")
        #expect(fleet.file == Marked.path)
        #expect(fleet.state.directory == "/fleets/northwind/state")
        #expect(fleet.broker.engine == "embedded")
        #expect(fleet.broker.retention.age == .seconds(30 * 86_400))
        #expect(fleet.broker.retention.size == .gibibytes(2))
        #expect(fleet.broker.retention.limit == .gibibytes(4))
        #expect(fleet.services.map(\.name.text) == ["customers", "orders"])
        let orders = fleet.services[1]
        #expect(orders.store.scheme == "sqlite")
        #expect(orders.store.text == "/fleets/northwind/orders.db")
        #expect(orders.store.description == "data/../orders.db")
        #expect(orders.outbox.table.text == "app.outbox")
        #expect(orders.outbox.keep == .milliseconds(250))
        #expect(orders.outbox.maximumEventSize == .kibibytes(64))
        #expect(orders.publishes == .all)
        #expect(orders.topic?.description == "outbox.event.{aggregatetype}")
        #expect(orders.format == .debezium)
        #expect(orders.location == Place(file: Marked.path, line: 10, column: 3))
        let view = try #require(orders.views.first)
        #expect(view.name.text == "order_lines")
        #expect(view.location == Place(file: Marked.path, line: 17, column: 7))
        #expect(view.sources.map(\.text) == ["customers", "orders"])
        #expect(view.reactions.map(\.type.text) == ["CustomerRegistered", "Order.Placed"])
        #expect(view.reactions[1].statements.text == "DELETE FROM order_lines WHERE order_id = ${1}")
    }

    @Test func defaultsAreFilledIn() throws {
        let fleet = try #require(read("fleet: f\nservices:\n  a:\n    store: sqlite:/srv/a.db\n").definition)
        #expect(fleet.state.directory == "/fleets/northwind/.flotilla")
        #expect(fleet.broker == BrokerDefinition())
        let service = fleet.services[0]
        #expect(service.store.text == "/srv/a.db")
        #expect(service.outbox == OutboxDefinition())
        #expect(service.publishes.isEmpty)
        #expect(service.topic == nil)
        #expect(service.format == .cloudEvents)
        #expect(service.views.isEmpty)
    }

    @Test(arguments: [
        ("embedded", 8, 16), ("{limit: 4GiB}", 4, 4), ("{retain: {size: 32GiB}}", 32, 32), ("{}", 8, 16),
    ])
    func retentionDefaultsGiveWay(broker: String, size: Int, limit: Int) throws {
        let result = read("fleet: f\nbroker: \(broker)\nservices: {a: {store: 'sqlite:a.db'}}")
        let retention = try #require(result.definition?.broker.retention, "\(result.problems)")
        #expect(retention.size == .gibibytes(size))
        #expect(retention.limit == .gibibytes(limit))
    }

    @Test func plainScalarsAreText() throws {
        let text = "fleet: 'no'\nservices: {'on': {store: sqlite:1e3, publishes: [NO, y, Null, True]}}"
        let fleet = try #require(read(text).definition)
        #expect(fleet.name.text == "no")
        #expect(fleet.services[0].name.text == "on")
        #expect(fleet.services[0].store.text == "/fleets/northwind/1e3")
        #expect(fleet.services[0].publishes == .listed(["NO", "y", "Null", "True"].map(EventType.init(unchecked:))))
    }

    @Test func anchorsAndAliasesAreRead() throws {
        let text = """
            fleet: f
            services:
              a: {store: sqlite:a.db, outbox: &box {keep: 1h}, publishes: &types [A, B]}
              b: {store: !!str sqlite:b.db, outbox: *box, publishes: *types}
            """
        let result = read(text)
        let fleet = try #require(result.definition, "\(result.problems)")
        #expect(fleet.services[1].outbox.keep == .seconds(3600))
        #expect(fleet.services[1].publishes == fleet.services[0].publishes)
    }

    @Test func relativePathsStartAtTheFile() throws {
        let text = "fleet: f\nservices: {a: {store: sqlite:a.db}}"
        let here = FileManager.default.currentDirectoryPath
        for (file, directory) in [
            ("fleet.yaml", here), ("./x/../fleet.yaml", here), ("x/fleet.yaml", here + "/x"), ("/f", ""),
        ] {
            let fleet = try #require(read(text, path: file).definition)
            #expect(fleet.services[0].store.text == directory + "/a.db")
            #expect(fleet.state.directory == directory + "/.flotilla")
            #expect(fleet.file == file)
        }
    }

    @Test func connectorsOfServersAreServed() throws {
        let text = """
            fleet: f
            broker: {engine: nats, url: "nats://token@127.0.0.1:4222"}
            services: {a: {store: {url: "postgres://u:secret@h/db", schema: a}}}
            """
        let result = read(text, storeSchemes: ["sqlite", "postgres"], brokerEngines: ["embedded", "nats"])
        let fleet = try #require(result.definition, "\(result.problems)")
        #expect(fleet.broker.nats?.servers.map(\.text) == ["nats://token@127.0.0.1:4222"])
        #expect(fleet.broker.nats?.description == "nats://***@127.0.0.1:4222")
        #expect(fleet.services[0].store.text == "postgres://u:secret@h/db")
        #expect(fleet.services[0].store.schema == "a")
        #expect("\(fleet.services[0].store)" == "postgres://***@h/db")
        let wrong = read(
            "fleet: f\nbroker: {engine: nats, url: here}\nservices: {a: {store: sqlite:a.db}}",
            brokerEngines: ["embedded", "nats"])
        #expect(wrong.problems.map(\.message) == ["\"here\" is no URL of a NATS server"])
        #expect(wrong.problems.first?.location.column == 29)
    }
}
