import Flotilla

/// An order as the workload makes it: its content depends on the seed and its number, and on nothing else.
struct Order: Sendable {
    struct Line: Sendable, Encodable {
        var sku: String
        var quantity: Int
    }

    let number: Int
    let id: String
    let customer: String
    let lines: [Line]

    init(number: Int, seed: UInt64) {
        var random = SplitMix(state: seed &* 0x9E37_79B9_7F4A_7C15 ^ UInt64(number))
        self.number = number
        id = "O-" + Self.padded(number, to: 6)
        // Customers and products become more, not as fast as their services add them: so all of them are there in time.
        customer = "C-" + Self.padded(Int.random(in: 1...40 + number / 8, using: &random), to: 5)
        var lines: [Line] = []
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let sku = "P-" + Self.padded(Int.random(in: 1...30 + number / 50, using: &random), to: 5)
            let quantity = Int.random(in: 1...5, using: &random)
            if !lines.contains(where: { $0.sku == sku }) { lines.append(Line(sku: sku, quantity: quantity)) }
        }
        self.lines = lines
    }

    private static func padded(_ number: Int, to width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}

/// The event, as `publishes` in the fleet file lists it.
struct OrderPlaced: PublishableEvent {
    static let eventType = "OrderPlaced"
    static let aggregateType: String? = "order"

    var orderID: String
    var customerID: String
    var lines: [Order.Line]

    init(_ order: Order) {
        orderID = order.id
        customerID = order.customer
        lines = order.lines
    }

    enum CodingKeys: String, CodingKey {
        case orderID = "order_id", customerID = "customer_id", lines
    }
}

/// Random numbers that are the same for the same state, in whichever run (https://prng.di.unimi.it/splitmix64.c).
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
