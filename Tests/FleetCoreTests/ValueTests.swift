import FleetCore
import Testing

@Suite struct ValueTests {
    @Test func identifiersRoundTrip() throws {
        let id = try #require(EventID("0192F3A4-5b6c-7d8e-9fa0-b1c2d3e4f506"))
        #expect(id.description == "0192f3a4-5b6c-7d8e-9fa0-b1c2d3e4f506")
        #expect(EventID(bytes: id.bytes) == id)
        #expect(EventID("0192f3a45b6c7d8e9fa0b1c2d3e4f506") == id)
        for wrong in ["", "x", "0192f3a4-5b6c-7d8e-9fa0-b1c2d3e4f50g", "0192f3a45b6c-7d8e-9fa0-b1c2d3e4f506-"] {
            #expect(EventID(wrong) == nil)
        }
    }

    @Test func versionSevenCarriesItsTime() {
        var random = SystemRandomNumberGenerator()
        let early = EventID.version7(at: Timestamp(microseconds: 1_000_000), using: &random)
        let late = EventID.version7(at: Timestamp(microseconds: 2_000_000), using: &random)
        #expect(early < late)
        #expect(Array(early.description)[14] == "7")
        #expect("89ab".contains(Array(early.description)[19]))
    }

    @Test(arguments: [
        ("1970-01-01T00:00:00Z", 0), ("1969-12-31T23:59:59.999999Z", -1),
        ("2026-11-21 10:00:00.123+02:00", 1_795_248_000_123_000), ("2000-02-29", 951_782_400_000_000),
        ("2026-11-21T10:00", 1_795_255_200_000_000),
    ])
    func timesAreRead(text: String, microseconds: Int64) {
        #expect(Timestamp(text)?.microseconds == microseconds)
    }

    @Test(arguments: ["", "2026", "2026-13-01", "2025-02-29", "2026-11-21T25:00Z", "2026-11-21T10:00:00+9", "now"])
    func wrongTimesAreRefused(text: String) {
        #expect(Timestamp(text) == nil)
    }

    @Test(arguments: [
        (0, "1970-01-01T00:00:00Z"), (-1, "1969-12-31T23:59:59.999999Z"), (1_000, "1970-01-01T00:00:00.001Z"),
        (253_402_300_799_000_010, "9999-12-31T23:59:59.000010Z"), (253_402_300_800_000_000, "10000-01-01T00:00:00Z"),
        (-62_167_219_200_000_000, "0000-01-01T00:00:00Z"),
    ])
    func timesAreWritten(microseconds: Int64, text: String) {
        #expect(Timestamp(microseconds: microseconds).description == text)
    }

    @Test func timesAreWrittenAsRead() async {
        var random = SystemRandomNumberGenerator()
        for round in 0..<2_000 {
            if round % 100 == 0 { await Task.yield() }
            let range = Int64(-60_000_000_000_000_000)...250_000_000_000_000_000
            let time = Timestamp(microseconds: .random(in: range, using: &random))
            #expect(Timestamp(time.description) == time)
        }
    }

    @Test func unitsAreRead() {
        #expect(Duration(unitText: "90d") == .seconds(90 * 86_400))
        #expect(Duration(unitText: "250ms") == .milliseconds(250))
        #expect(Duration(unitText: "5") == nil)
        #expect(Duration(unitText: "99999999999999999999d") == nil)
        #expect(ByteCount(unitText: "1MiB") == .mebibytes(1))
        #expect(ByteCount(unitText: "1MB") == nil)
        #expect(ByteCount(unitText: "9999999999TiB") == nil)
        #expect(ByteCount.mebibytes(1).description == "1 MiB")
        #expect(ByteCount(1536).description == "1.5 KiB")
    }

    @Test func namesFollowTheirRules() {
        #expect(FleetName.allows("northwind"))
        #expect(!FleetName.allows("12"))
        #expect(!FleetName.allows("Northwind"))
        #expect(!FleetName.allows(String(repeating: "a", count: 64)))
        #expect(TableName.allows("public.outbox"))
        #expect(!TableName.allows("a.b.c"))
        #expect(!TableName.allows("outbox; DROP TABLE x"))
    }

    @Test func slipsAreRecognised() {
        #expect(NearestName.of("OrderPlacd", in: ["OrderPlaced", "OrderPaid"]) == "OrderPlaced")
        #expect(NearestName.of("sevrices", in: ["services", "state"]) == "services")
        #expect(NearestName.of("xyz", in: ["services", "state"]) == nil)
    }

    @Test func backoffGrowsAndIsCapped() {
        var random = SystemRandomNumberGenerator()
        let backoff = Backoff(initial: .milliseconds(100), cap: .seconds(1))
        for failures in 1...100 {
            let delay = backoff.delay(afterFailures: failures, using: &random)
            #expect(delay >= .milliseconds(50) && delay <= .seconds(1))
        }
    }
}

/// Reading identifiers eight digits at a time agrees with reading them one at a time.
@Suite struct EventIDDigitTests {
    @Test func everyByteInEveryPlace() throws {
        let good = Array("0192f3a4-5b6c-7d8e-9fa0-b1c2d3e4f506".utf8)
        for place in good.indices {
            for byte in UInt8.min...UInt8.max {
                var text = good
                text[place] = byte
                let isDash = [8, 13, 18, 23].contains(place)
                let isRight =
                    isDash
                    ? byte == UInt8(ascii: "-")
                    : Unicode.Scalar(byte).properties.isASCIIHexDigit
                let read = text.withUnsafeBufferPointer { EventID(hexadecimal: $0) }
                #expect((read != nil) == isRight, "byte \(byte) at \(place)")
                if let read, !isDash { #expect(read.description.utf8.elementsEqual(text.map { $0 | 0x20 })) }
            }
        }
    }
}

/// Times that no event has, but a damaged file may hold.
@Suite struct TimestampLimitTests {
    @Test func reckoningSaturates() {
        let (first, last) = (Timestamp(microseconds: .min), Timestamp(microseconds: .max))
        #expect(last.elapsed(since: first) == .microseconds(Int64.max))
        #expect(first.elapsed(since: last) == .microseconds(Int64.min))
        #expect(last.advanced(by: .seconds(1)) == last)
        #expect(first.advanced(by: .seconds(-1)) == first)
    }
}
