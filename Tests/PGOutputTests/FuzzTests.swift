import Foundation
import PGOutput
import TestKit
import Testing

/// Messages damaged at random: the decoder gives an answer or an error, never more.
@Suite struct FuzzTests {
    static let rounds = 1_200_000
    static let tasks = 4

    @Test func damagedMessagesNeitherTrapNorReadPastTheEnd() async throws {
        let seed = RandomSource(for: "FuzzTests.damagedMessages").seed
        let accepted = try await withThrowingTaskGroup(of: Int.self) { group in
            for task in 0..<FuzzTests.tasks {
                group.addTask {
                    var fuzzer = try Fuzzer(seed: seed &+ UInt64(task))
                    return try fuzzer.run(FuzzTests.rounds / FuzzTests.tasks)
                }
            }
            return try await group.reduce(0, +)
        }
        print("FuzzTests.damagedMessages: \(accepted) of \(FuzzTests.rounds) were still messages")
        // Neither everything nor nothing: otherwise the damage tests nothing.
        #expect(accepted > FuzzTests.rounds / 100 && accepted < FuzzTests.rounds * 9 / 10, "seed \(seed)")
    }
}

private struct Fuzzer {
    /// A message to damage, and the decoder as it is before it.
    private struct Sample {
        let bytes: [UInt8]
        let decoder: Int
    }

    private static let longest = 512
    private let page = GuardedPage(capacity: Fuzzer.longest)
    private let templates: [PGOutputDecoder]
    private var decoders: [PGOutputDecoder]
    private let samples: [Sample]
    private var random: RandomSource

    init(seed: UInt64) throws {
        random = RandomSource(seed: seed)
        var templates: [PGOutputDecoder] = []
        var places: [String: Int] = [:]
        var samples: [Sample] = []
        for golden in Golden.all {
            let place = "\(golden.version) \(golden.isInStream)"
            if places[place] == nil {
                places[place] = templates.count
                templates.append(try golden.makeDecoder())
            }
            samples.append(Sample(bytes: golden.bytes, decoder: places[place] ?? 0))
        }
        for bytes in [EnvelopeTests.data, EnvelopeTests.keepalive] { samples.append(Sample(bytes: bytes, decoder: -1)) }
        self.templates = templates
        decoders = templates
        self.samples = samples
    }

    mutating func run(_ rounds: Int) throws -> Int {
        var accepted = 0
        for _ in 0..<rounds where try round() { accepted += 1 }
        return accepted
    }

    private mutating func round() throws -> Bool {
        let sample = samples[Int(random.next() % UInt64(samples.count))]
        let message = damaged(sample.bytes)
        guard sample.decoder >= 0 else {
            guard let envelope = try? ReplicationMessage(decoding: UnsafeRawBufferPointer(message).bytes) else {
                return false
            }
            if case .data(let data) = envelope { precondition(data.data.range.upperBound <= message.count) }
            return true
        }
        do {
            let decoded = try decoders[sample.decoder].decode(UnsafeRawBufferPointer(message).bytes)
            check(decoders[sample.decoder], within: message.count)
            switch decoded {
            case .relation, .streamStart, .streamStop: decoders[sample.decoder] = templates[sample.decoder]
            default: break
            }
            return true
        } catch {
            precondition(error.offset >= 0 && error.offset <= message.count, "an error at byte \(error.offset)")
            return false
        }
    }

    private func check(_ decoder: PGOutputDecoder, within count: Int) {
        for index in 0..<decoder.newColumns.count {
            precondition(decoder.newColumns[index].bytes.range.upperBound <= count, "a value behind the end")
        }
        for index in 0..<decoder.oldColumns.count {
            precondition(decoder.oldColumns[index].bytes.range.upperBound <= count, "a value behind the end")
        }
    }

    /// The message at the end of the page, with one to four injuries.
    private mutating func damaged(_ bytes: [UInt8]) -> UnsafeMutableRawBufferPointer {
        var choice = random.next()
        var count = bytes.count
        switch choice % 8 {
        case 0: count = Int((choice >> 8) % UInt64(count + 1))
        case 1: count = min(count + Int((choice >> 8) % 16), Fuzzer.longest)
        default: break
        }
        choice >>= 32
        let message = page.end(count)
        let shared = min(count, bytes.count)
        bytes.withUnsafeBytes { message.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[..<shared])) }
        if count > shared { for index in shared..<count { message[index] = UInt8(truncatingIfNeeded: choice) } }
        guard count > 0 else { return message }
        for _ in 0..<(choice % 4 + (shared == count ? 1 : 0)) {
            let injury = random.next()
            // The first byte says the kind: hit it more rarely, or most messages would only be of another kind.
            let index = Int((injury >> 8) % UInt64(count))
            if index == 0, injury & 0xF0 != 0 { continue }
            switch injury & 7 {
            case 0: message[index] = 0
            case 1: message[index] = 0xFF
            case 2: message[index] = 0x7F
            case 3: message[index] = 0x80
            case 4: message[index] &+= 1
            case 5: message[index] &-= 1
            case 6: message[index] ^= 1 << UInt8((injury >> 5) & 7)
            default: message[index] = UInt8(truncatingIfNeeded: injury >> 56)
            }
        }
        return message
    }
}
