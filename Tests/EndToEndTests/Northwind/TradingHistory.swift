import Foundation
import TestKit

/// What happens in the company, service by service, in the order of each: who registers, is renamed, orders.
///
/// Customers have other names at first, and the company's own in the end. Some transactions are rolled back.
struct TradingHistory: Sendable {
    enum Service: String, CaseIterable, Sendable { case customers, catalog, orders }

    /// One transaction of a service: a business row and its event.
    struct Step: Sendable {
        var service: Service
        var statement: String
        var values: [String]
        var event: OutboxRow
        var isRolledBack = false
    }

    /// Steps to come, the next last.
    private var toCome: [Service: [Step]]
    private var random: RandomSource

    init(of company: Northwind, seed: UInt64) throws {
        var random = RandomSource(seed: seed)
        var steps: [Service: [Step]] = [:]
        steps[.customers] = try Self.customers(company, &random)
        steps[.catalog] = try company.products.shuffled(using: &random).map { product in
            try Self.step(
                .catalog, "INSERT INTO products VALUES (?, ?)", [product.id, product.name], "ProductListed",
                ["name": .text(product.name)], &random)
        }
        steps[.orders] = try company.orders.map { order in
            let lines = order.lines.map { line in
                JSON.object([
                    "product_id": .text(line.productID), "unit_price": .number(line.unitPrice),
                    "quantity": .number(Double(line.quantity)), "discount": .number(line.discount),
                ])
            }
            return try Self.step(
                .orders, "INSERT INTO orders VALUES (?, ?)", [order.id, order.customerID], "OrderPlaced",
                ["customer_id": .text(order.customerID), "lines": .list(lines)], &random)
        }
        toCome = steps.mapValues { Self.withRollbacks($0, &random).reversed() }
        self.random = random
    }

    /// How many steps are to come.
    var count: Int { toCome.values.map(\.count).reduce(0, +) }

    /// The next step of a service chosen at random; `nil` at the end.
    mutating func next() -> Step? {
        // Weighted by what is left, so that all services are at work up to the end.
        var choice = Int.random(in: 0..<max(1, count), using: &random)
        for service in Service.allCases {
            let left = toCome[service]?.count ?? 0
            if choice < left { return toCome[service]?.removeLast() }
            choice -= left
        }
        return nil
    }

    // MARK: Making it

    private static func customers(_ company: Northwind, _ random: inout RandomSource) throws -> [Step] {
        var names: [(id: String, names: [String])] = company.customers.map { customer in
            let earlier = (0..<Int.random(in: 0...4, using: &random)).map { "\(customer.name) (name \($0))" }
            return (customer.id, earlier + [customer.name])
        }
        var steps: [Step] = []
        for index in names.indices.shuffled(using: &random) {
            let name = names[index].names.removeFirst()
            steps.append(
                try step(
                    .customers, "INSERT INTO customers VALUES (?, ?)", [names[index].id, name], "CustomerRegistered",
                    ["name": .text(name)], &random))
        }
        while true {
            let left = names.indices.filter { !names[$0].names.isEmpty }
            guard let index = left.randomElement(using: &random) else { return steps }
            let name = names[index].names.removeFirst()
            steps.append(
                try step(
                    .customers, "UPDATE customers SET name = ?2 WHERE id = ?1", [names[index].id, name],
                    "CustomerRenamed", ["name": .text(name)], &random))
        }
    }

    private static func step(
        _ service: Service, _ statement: String, _ values: [String], _ type: String, _ data: [String: JSON],
        _ random: inout RandomSource
    ) throws -> Step {
        Step(
            service: service, statement: statement, values: values,
            event: OutboxRow(
                id: random.eventID(), aggregateType: service.rawValue, key: values[0], type: type,
                payload: try JSON.object(data).text()))
    }

    /// About one transaction in ten is tried, with an event of its own, and rolled back.
    private static func withRollbacks(_ steps: [Step], _ random: inout RandomSource) -> [Step] {
        steps.flatMap { step -> [Step] in
            guard Int.random(in: 0..<10, using: &random) == 0 else { return [step] }
            var vain = step
            vain.event.id = random.eventID()
            vain.isRolledBack = true
            return Bool.random(using: &random) ? [vain, step] : [step, vain]
        }
    }
}

/// Values of a payload.
enum JSON: Encodable {
    case text(String)
    case number(Double)
    case list([JSON])
    case object([String: JSON])

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .text(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .list(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        }
    }

    func text() throws -> String { String(decoding: try JSONEncoder().encode(self), as: UTF8.self) }
}
