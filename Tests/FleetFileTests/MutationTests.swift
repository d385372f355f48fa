import Foundation
import TestKit
import Testing

@testable import FleetFile

/// Nothing that a file can hold traps the reader. `FLOTILLA_SEED` repeats a run.
@Suite struct MutationTests {
    private static let fragments = [
        "*", "&a ", "*a", "${", "$${", "}", "[", "]", "{", "}", "|", ">", "|2-", "'", "\"", ": ", "- ", "? ", "\n",
        "\r", "\t",
        "#", "%", "@", "!", "!!str ", "<<: *a", "---", "...", "\\", "~", "\u{0}", "\u{2028}", "é", "👩‍🚀", "%YAML 1.1\n",
    ].map { Array($0.utf8) }

    @Test(arguments: 0..<6)
    func mutationsAreSurvived(run: Int) async throws {
        var random = RandomSource(for: "mutation run \(run)")
        let seed = random.seed
        for _ in 0..<500 {
            await Task.yield()
            var bytes = Array(goodFile.utf8)
            for _ in 0..<Int.random(in: 1...4, using: &random) { mutate(&bytes, using: &random) }
            let result = reader.read(bytes: bytes, path: "fleet.yaml")
            #expect(result.definition != nil || !result.problems.isEmpty, "seed \(seed)")
            let lines = bytes.count { $0 == UInt8(ascii: "\n") } + 1
            for problem in result.problems {
                #expect((1...(lines + 1)).contains(problem.location.line), "seed \(seed): \(problem)")
                #expect(problem.location.column >= 1, "seed \(seed): \(problem)")
            }
        }
    }

    private func mutate(_ bytes: inout [UInt8], using random: inout RandomSource) {
        guard !bytes.isEmpty else { return }
        let place = Int.random(in: 0..<bytes.count, using: &random)
        let end = min(bytes.count, place + Int.random(in: 1...40, using: &random))
        switch Int.random(in: 0..<6, using: &random) {
        case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 1: bytes.removeSubrange(place..<end)
        case 2: bytes.insert(contentsOf: bytes[place..<end], at: place)
        case 3: bytes.removeSubrange(place...)
        case 4: bytes.insert(contentsOf: Self.fragments.randomElement(using: &random) ?? [], at: place)
        default:
            let piece = bytes[place..<end]
            bytes.insert(contentsOf: piece, at: Int.random(in: 0..<bytes.count, using: &random))
        }
    }

    private let reader = FleetFileReader(environment: [:], storeSchemes: ["sqlite"], brokerEngines: ["embedded"])
}
