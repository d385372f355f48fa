import FleetCore

extension StreamName {
    static let sample = StreamName(fleet: FleetName(unchecked: "northwind"), service: ServiceName(unchecked: "orders"))
}

extension Event {
    static let sample = Event(
        id: EventID(high: 0x0198_4F2C_0000_7000, low: 0x8000_0000_0000_0001), source: StreamName.sample.source,
        type: "OrderPlaced", key: "17", aggregateType: "order", time: Timestamp(microseconds: 1_772_282_096_789_012),
        traceParent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", payload: Array("{\"n\": 1}".utf8))
}
