import FleetCore
import Foundation
import TestKit
import Testing

/// Random documents, whole and damaged, judged by this scanner and by Foundation's.
@Suite struct JSONFuzzTests {
    private static let seed = RandomSource(for: "random documents").seed

    @Test func extractionAgreesWithWhatWasWrittenAndWithFoundation() async throws {
        var random = RandomSource(seed: Self.seed)
        for round in 0..<3_000 {
            if round % 10 == 0 { await Task.yield() }
            let tree = JSONTree.random(depth: 4, using: &random)
            let text = tree.written(using: &random)
            let paths = (0..<6).map { _ in tree.randomPath(using: &random) }
            let bytes = Array(text.utf8)
            let values = try JSONFields(paths.map { JSONFieldPath($0) }).extract(from: bytes)
            for (path, value) in zip(paths, values) {
                let expected = tree.value(at: path[...])
                let place = "seed \(Self.seed), round \(round): \(path) of \(text)"
                if let scalar = expected?.scalar { #expect(value == scalar, "\(place)") }
                #expect(JSONCanonical.text(value) == JSONCanonical.text(expected), "\(place)")
                #expect(JSONCanonical.text(value) == JSONCanonical.text(foundation: bytes, at: path), "\(place)")
            }
        }
    }

    /// Foundation is laxer in what ``isForeign(_:)`` names; everything else must be judged alike.
    @Test func validityAgreesWithFoundation() async {
        var random = RandomSource(seed: Self.seed)
        var valid = 0
        for round in 0..<20_000 {
            if round % 10 == 0 { await Task.yield() }
            let tree = JSONTree.random(depth: 3, using: &random)
            let bytes = damaged(Array(tree.written(using: &random).utf8), using: &random)
            let ours = (try? JSONDocument.validate(bytes)) != nil
            let extracted = (try? JSONFields([JSONFieldPath(["a"]), JSONFieldPath(["0"])]).extract(from: bytes)) != nil
            if extracted != ours {
                #expect(overflows(bytes), "seed \(Self.seed), round \(round): \(bytes)")
            }
            if ours { valid += 1 }
            if isForeign(bytes) { continue }
            let theirs = (try? JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)) != nil
            #expect(
                ours == theirs || overflows(bytes),
                "seed \(Self.seed), round \(round): \(ours), \(String(decoding: bytes, as: UTF8.self))")
        }
        #expect(valid > 1_000 && valid < 19_000)
    }

    @Test func everyTruncationOfADocumentIsRefused() async throws {
        var random = RandomSource(seed: Self.seed)
        for _ in 0..<200 {
            await Task.yield()
            let tree = JSONTree.object([("k", .random(depth: 3, using: &random))])
            let bytes = Array(tree.written(using: &random, padding: false).utf8)
            for count in 0..<bytes.count {
                #expect(throws: JSONError.self, "seed \(Self.seed)") {
                    try JSONDocument.validate(Array(bytes[..<count]))
                }
            }
        }
    }

    @Test func anyBytesAreJudgedWithoutATrap() async {
        var random = RandomSource(seed: Self.seed)
        let fields = JSONFields([JSONFieldPath([]), JSONFieldPath(["a", "0"])])
        let alphabet = Array("{}[]\",:\\u01eE+-.dDtrufalsn \u{0}\u{1}é😹".utf8) + [0xFF, 0xC0, 0xED, 0xA0]
        for round in 0..<20_000 {
            if round % 100 == 0 { await Task.yield() }
            let bytes = (0..<Int.random(in: 0...40, using: &random)).map { _ in
                alphabet.randomElement(using: &random) ?? 0
            }
            do {
                let values = try fields.extract(from: bytes)
                #expect(values[0] != nil)
            } catch {
                #expect(error.offset >= 0 && error.offset <= bytes.count)
            }
            _ = try? JSONDocument.stringMembers(of: bytes)
        }
    }

    /// Places where Foundation reads what RFC 8259 does not allow, or reads another encoding.
    private func isForeign(_ bytes: [UInt8]) -> Bool {
        // It guesses UTF-16 and UTF-32 from zero bytes and byte order marks.
        if bytes.contains(0) { return true }
        // It takes a comma before a closing brace or bracket.
        for comma in bytes.indices where bytes[comma] == UInt8(ascii: ",") {
            let next = bytes[(comma + 1)...].first { ![0x20, 0x0A, 0x0D, 0x09].contains($0) }
            if next == UInt8(ascii: "}") || next == UInt8(ascii: "]") { return true }
        }
        return [[0xEF, 0xBB, 0xBF], [0xFE, 0xFF], [0xFF, 0xFE]].contains { bytes.starts(with: $0) }
    }

    /// A number beyond `Double`'s range: well-formed, but Foundation and ``JSONFields`` cannot take it.
    private func overflows(_ bytes: [UInt8]) -> Bool {
        let text = String(decoding: bytes, as: UTF8.self).lowercased()
        return text.split { !"0123456789.e+-".contains($0) }.contains { Double($0)?.isFinite == false }
    }

    private func damaged(_ bytes: [UInt8], using random: inout RandomSource) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 0...2, using: &random) where !bytes.isEmpty {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<6, using: &random) {
            case 0: bytes.remove(at: place)
            case 1: bytes[place] = UInt8.random(in: 0...255, using: &random)
            case 2: bytes.insert(Array("{}[]\",:\\0-.eE +tfn".utf8).randomElement(using: &random) ?? 0, at: place)
            case 3: bytes.removeLast(bytes.count - place)
            case 4: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            default: bytes.insert(bytes[place], at: place)
            }
        }
        return bytes
    }
}
