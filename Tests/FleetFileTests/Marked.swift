import FleetFile
import Testing

/// A place in a fleet file; Swift Testing has a `SourceLocation` too.
typealias Place = FleetFile.SourceLocation

/// A fleet file with a `‸` before each place where a problem is expected, and a part of each message in that order.
struct Marked: Sendable, CustomTestStringConvertible {
    /// The file, the marks left out.
    let text: String
    let places: [Place]
    let parts: [String]
    let environment: [String: String]

    init(_ marked: String, _ parts: String..., environment: [String: String] = [:]) {
        var text = ""
        var places: [Place] = []
        var line = 1
        var column = 1
        for character in marked {
            if character == "‸" {
                places.append(Place(file: Self.path, line: line, column: column))
                continue
            }
            text.append(character)
            (line, column) = character.isNewline ? (line + 1, 1) : (line, column + 1)
        }
        (self.text, self.places, self.parts, self.environment) = (text, places, parts, environment)
    }

    static let path = "/fleets/northwind/fleet.yaml"

    var testDescription: String { parts.joined(separator: " + ") }

    /// Reads the file, and expects exactly the marked problems.
    func check(sourceLocation: Testing.SourceLocation = #_sourceLocation) {
        let problems = read(text, environment: environment).problems
        let told = problems.map(\.description).joined(separator: "\n")
        #expect(problems.map(\.location) == places, "\(told)", sourceLocation: sourceLocation)
        guard problems.count == parts.count else {
            Issue.record("\(parts.count) problems expected:\n\(told)", sourceLocation: sourceLocation)
            return
        }
        for (problem, part) in zip(problems, parts) {
            #expect(problem.description.contains(part), sourceLocation: sourceLocation)
        }
    }
}

func read(
    _ text: String, environment: [String: String] = [:], path: String = Marked.path,
    storeSchemes: Set<String> = ["sqlite"], brokerEngines: Set<String> = ["embedded"]
) -> FleetFileResult {
    FleetFileReader(environment: environment, storeSchemes: storeSchemes, brokerEngines: brokerEngines)
        .read(text: text, path: path)
}

/// A right file with everything in it.
let goodFile = """
    version: 1
    fleet: northwind                     # a comment
    broker: {engine: embedded, retain: {age: 30d, size: 2GiB}, limit: 4GiB}
    state: state

    services:
      customers:
        store: sqlite:customers.db
        publishes: [CustomerRegistered, CustomerRenamed]
      orders:
        store: "${ORDERS_STORE:-sqlite:data/../orders.db}"
        outbox: {table: app.outbox, keep: 250ms, capture: poll, max_event: 64KiB}
        publishes: ["*"]
        topic: outbox.event.{aggregatetype}
        format: debezium
        views:
          order_lines:
            schema: |
              CREATE TABLE customer_names (customer_id TEXT PRIMARY KEY, name TEXT NOT NULL);
              CREATE TABLE order_lines (order_id TEXT, größe TEXT);
            when:
              customers.CustomerRegistered: |
                INSERT INTO customer_names VALUES (:data.customer_id, :data.name)
                ON CONFLICT (customer_id) DO UPDATE SET name = excluded.name;
              orders.Order.Placed: "DELETE FROM order_lines WHERE order_id = ${1}"

    """
