import FleetCore
import PGOutput
import Testing

/// The frame around messages, and the answer to it.
@Suite struct EnvelopeTests {
    static let data = hex("77 | 00000016B374D848 | 00000016B374D890 | 000303C531442A40 | 42 01 02")
    static let keepalive = hex("6B | 00000016B374D890 | 000303C531442A40 | 01")

    @Test func dataAreUnwrapped() throws {
        let array = EnvelopeTests.data
        let bytes = array.span.bytes
        guard case .data(let data) = try ReplicationMessage(decoding: bytes) else {
            Issue.record("no data")
            return
        }
        #expect(data.start == LogSequenceNumber("16/B374D848"))
        #expect(data.end == LogSequenceNumber("16/B374D890"))
        #expect(data.time == Timestamp("2026-11-21T10:00:00.123456Z"))
        #expect(data.data.range == 25..<28)
        #expect(bytes.copy(of: data.data) == [0x42, 1, 2])
    }

    @Test func dataMayBeEmpty() throws {
        let bytes = Array(EnvelopeTests.data[..<25])
        guard case .data(let data) = try ReplicationMessage(decoding: bytes) else {
            Issue.record("no data")
            return
        }
        #expect(data.data.range == 25..<25)
    }

    @Test func aKeepaliveAsksForAnAnswerOrNot() throws {
        for (byte, asks) in [(UInt8(0), false), (1, true)] {
            let bytes = EnvelopeTests.keepalive.dropLast() + [byte]
            guard case .keepalive(let keepalive) = try ReplicationMessage(decoding: Array(bytes)) else {
                Issue.record("no keepalive")
                return
            }
            #expect(keepalive.end == LogSequenceNumber("16/B374D890"))
            #expect(keepalive.time == Timestamp("2026-11-21T10:00:00.123456Z"))
            #expect(keepalive.wantsReply == asks)
        }
    }

    @Test func whatIsCutOrTooLongIsRefused() {
        for (whole, least) in [(EnvelopeTests.data, 25), (EnvelopeTests.keepalive, 18)] {
            for count in 0..<least {
                let cut = Array(whole[..<count])
                let error = #expect(throws: PGOutputError.self) { try ReplicationMessage(decoding: cut) }
                #expect(error?.subject == .envelope)
            }
        }
        for (bytes, problem) in [
            (EnvelopeTests.keepalive + [0], PGOutputError.Problem.trailingBytes(1)),
            (Array(EnvelopeTests.keepalive.dropLast()) + [2], .unknownFlags(2)), (hex("78"), .unknownKind(0x78)),
        ] {
            let error = #expect(throws: PGOutputError.self) { try ReplicationMessage(decoding: bytes) }
            #expect(error?.problem == problem)
        }
    }

    @Test func aStatusUpdateIsWritten() throws {
        let update = StandbyStatusUpdate(
            written: LogSequenceNumber(0x16_B374_D848), flushed: LogSequenceNumber(2), applied: LogSequenceNumber(1),
            time: try #require(Timestamp("2026-11-21T10:00:00.123456Z")), wantsReply: true)
        #expect(
            update.encoded()
                == hex("72 | 00000016B374D848 | 0000000000000002 | 0000000000000001 | 000303C531442A40 | 01"))
        var quiet = update
        quiet.wantsReply = false
        #expect(quiet.encoded().last == 0)
        #expect(quiet.encoded().count == 34)
    }
}

@Suite struct LogSequenceNumberTests {
    @Test(arguments: [
        ("16/B374D848", UInt64(0x16_B374_D848)), ("0/0", 0), ("FFFFFFFF/FFFFFFFF", .max), ("0/1", 1), ("1/0", 1 << 32),
    ])
    func isReadAndWritten(_ text: String, _ value: UInt64) {
        #expect(LogSequenceNumber(text)?.value == value)
        #expect(LogSequenceNumber(value).description == text)
    }

    @Test func lowerCaseAndLeadingZerosAreRead() {
        #expect(LogSequenceNumber("16/b374d848") == LogSequenceNumber(0x16_B374_D848))
        #expect(LogSequenceNumber("00000016/00000001") == LogSequenceNumber(0x16_0000_0001))
    }

    @Test(arguments: [
        "", "/", "1", "1/", "/1", "1/2/3", "1//2", "123456789/0", "0/123456789", "G/0", "0/-1", " 0/0", "0/0 ",
    ])
    func anythingElseIsNot(_ text: String) {
        #expect(LogSequenceNumber(text) == nil)
    }

    @Test func theyAreOrdered() {
        #expect(LogSequenceNumber(1) < LogSequenceNumber(2))
        #expect(LogSequenceNumber(0x7FFF_FFFF_FFFF_FFFF) < LogSequenceNumber(0x8000_0000_0000_0000))
    }
}

@Suite struct PostgresTimeTests {
    @Test func theServersClockIsOurs() {
        #expect(Timestamp(postgresMicroseconds: 0) == Timestamp("2000-01-01T00:00:00Z"))
        #expect(Timestamp(postgresMicroseconds: -1).microseconds == 946_684_799_999_999)
        #expect(Timestamp(microseconds: 0).postgresMicroseconds == -946_684_800_000_000)
    }

    @Test func theEndsOfTimeStayEnds() {
        #expect(Timestamp(postgresMicroseconds: .max) == Timestamp(microseconds: .max))
        #expect(Timestamp(postgresMicroseconds: .min) == Timestamp(microseconds: .min))
        #expect(Timestamp(postgresMicroseconds: .max - 1) == Timestamp(microseconds: .max))
        #expect(Timestamp(microseconds: .max).postgresMicroseconds == .max)
        #expect(Timestamp(microseconds: .min).postgresMicroseconds == .min)
        #expect(Timestamp(microseconds: .min + 1).postgresMicroseconds == .min)
    }
}
