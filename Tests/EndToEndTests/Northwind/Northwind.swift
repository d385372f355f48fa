import Foundation
import TestKit

/// A trading company: its customers, products and orders.
struct Northwind: Sendable {
    struct Named: Sendable {
        var id: String
        var name: String
    }

    struct Line: Sendable, Hashable {
        var productID: String
        var unitPrice: Double
        var quantity: Int
        var discount: Double
    }

    struct Order: Sendable {
        var id: String
        var customerID: String
        var lines: [Line]
    }

    var customers: [Named]
    var products: [Named]
    var orders: [Order]

    /// Where the real company's files are; `nil` where nobody says.
    static let directory: String? = {
        let directory = ProcessInfo.processInfo.environment["FLOTILLA_NORTHWIND"].flatMap { $0.isEmpty ? nil : $0 }
        if directory == nil {
            print("FLOTILLA_NORTHWIND is not set: the Northwind test is SKIPPED, and fault tests use made-up data")
        }
        return directory
    }()

    /// The real company where its files are there, else one of the same shape.
    static func available(seed: UInt64) throws -> Northwind {
        try directory.map(load) ?? madeUp(seed: seed)
    }

    /// Reads the company's files: `customers.csv`, `products.csv`, `orders.csv` and `order_details.csv`.
    static func load(from directory: String) throws -> Northwind {
        func rows(_ name: String) throws -> [[String: String]] {
            CSV.rows(try String(contentsOfFile: "\(directory)/\(name).csv", encoding: .utf8))
        }
        func field(_ row: [String: String], _ name: String) throws -> String {
            guard let value = row[name] else { throw Trouble("a row has no \(name): \(row)") }
            return value
        }
        func number<Number: LosslessStringConvertible>(_ row: [String: String], _ name: String) throws -> Number {
            guard let value = Number(try field(row, name)) else { throw Trouble("\(name) is no number: \(row)") }
            return value
        }
        var lines: [String: [Line]] = [:]
        for row in try rows("order_details") {
            lines[try field(row, "order_id"), default: []].append(
                Line(
                    productID: try field(row, "product_id"), unitPrice: try number(row, "unit_price"),
                    quantity: try number(row, "quantity"), discount: try number(row, "discount")))
        }
        return Northwind(
            customers: try rows("customers").map {
                Named(id: try field($0, "customer_id"), name: try field($0, "company_name"))
            },
            products: try rows("products").map {
                Named(id: try field($0, "product_id"), name: try field($0, "product_name"))
            },
            orders: try rows("orders").map { row in
                let id = try field(row, "order_id")
                return Order(id: id, customerID: try field(row, "customer_id"), lines: lines[id] ?? [])
            })
    }

    /// A company of the same shape that never was.
    static func madeUp(seed: UInt64) -> Northwind {
        var random = RandomSource(seed: seed)
        let customers = (1...91).map { Named(id: "C\($0)", name: "Customer \($0), \"Ltd.\"") }
        let products = (1...77).map { Named(id: "\($0)", name: "Product '\($0)'") }
        let orders = (1...830).map { number in
            let chosen = products.shuffled(using: &random).prefix(Int.random(in: 1...5, using: &random))
            let lines = chosen.map { product in
                Line(
                    productID: product.id, unitPrice: Double(Int.random(in: 100...9999, using: &random)) / 100,
                    quantity: Int.random(in: 1...60, using: &random),
                    discount: Double(Int.random(in: 0...5, using: &random)) / 20)
            }
            let customer = customers[Int.random(in: customers.indices, using: &random)]
            return Order(id: "\(10_000 + number)", customerID: customer.id, lines: lines)
        }
        return Northwind(customers: customers, products: products, orders: orders)
    }

    /// Of all lines, in cents.
    var revenueInCents: Int { Self.cents(orders.flatMap(\.lines)) }

    static func cents(_ lines: [Line]) -> Int {
        Int((lines.map { $0.unitPrice * Double($0.quantity) * (1 - $0.discount) }.reduce(0, +) * 100).rounded())
    }
}
