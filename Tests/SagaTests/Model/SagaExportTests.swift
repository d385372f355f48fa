import Foundation
import SagaModel
import TestKit
import Testing

/// Holds the exported text against the structural rules of the States Language (https://states-language.net/spec.html).
@Suite struct SagaExportTests {
    private static let terminal: Set<String> = ["Succeed", "Fail"]
    private static let required: [String: [String]] = [
        "Task": ["Resource"], "Pass": [], "Choice": ["Choices"], "Wait": ["Seconds"], "Succeed": [], "Fail": [],
        "Parallel": ["Branches"], "Map": ["ItemProcessor"],
    ]

    private struct Finding: Error, CustomStringConvertible { var description: String }

    /// Checks one machine, and those within it.
    private static func check(_ machine: [String: Any], names: inout Set<String>) throws {
        guard let states = machine["States"] as? [String: [String: Any]], let start = machine["StartAt"] as? String
        else {
            throw Finding(description: "no StartAt or States")
        }
        var reached: Set<String> = [start]
        var ends = false
        for (name, state) in states {
            guard names.insert(name).inserted else { throw Finding(description: "\(name) is there twice") }
            guard name.count <= 80, let type = state["Type"] as? String, let fields = required[type] else {
                throw Finding(description: "\(name) has no known type, or too long a name")
            }
            for field in fields where state[field] == nil { throw Finding(description: "\(name) has no \(field)") }
            let isEnd = state["End"] as? Bool == true
            let next = state["Next"] as? String
            if terminal.contains(type) || type == "Choice" {
                if isEnd || next != nil { throw Finding(description: "\(name) has Next or End") }
            } else if isEnd == (next != nil) {
                throw Finding(description: "\(name) needs one of Next and End")
            }
            ends = ends || isEnd || terminal.contains(type)
            var nexts = [next, state["Default"] as? String].compactMap { $0 }
            for list in ["Choices", "Catch"] {
                for rule in state[list] as? [[String: Any]] ?? [] {
                    guard let next = rule["Next"] as? String else { throw Finding(description: "\(name): no Next") }
                    if list == "Catch", (rule["ErrorEquals"] as? [String])?.isEmpty != false {
                        throw Finding(description: "\(name) catches nothing")
                    }
                    nexts.append(next)
                }
            }
            for (index, rule) in (state["Retry"] as? [[String: Any]] ?? []).enumerated() {
                let errors = rule["ErrorEquals"] as? [String] ?? []
                let count = (state["Retry"] as? [Any])?.count ?? 0
                if errors.isEmpty || (errors.contains("States.ALL") && (errors.count > 1 || index + 1 < count)) {
                    throw Finding(description: "\(name) retries \(errors)")
                }
            }
            for next in nexts {
                guard states[next] != nil else {
                    throw Finding(description: "\(name) goes to \(next), which is not there")
                }
            }
            reached.formUnion(nexts)
            let inner =
                (state["Branches"] as? [[String: Any]] ?? [])
                + [state["ItemProcessor"] as? [String: Any]].compactMap { $0 }
            for machine in inner { try check(machine, names: &names) }
        }
        if !ends { throw Finding(description: "no end") }
        if let lost = states.keys.first(where: { !reached.contains($0) }) {
            throw Finding(description: "\(lost) is never reached")
        }
    }

    private static func check(_ text: String) throws {
        let machine = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
        var names: Set<String> = []
        try check(machine ?? [:], names: &names)
    }

    @Test func whateverIsDrawnIsAMachineOfTheLanguage() throws {
        for seed in 0..<3_000 {
            var random = RandomSource(seed: UInt64(seed))
            let definition = DefinitionGenerator.definition(using: &random)
            let export = SagaExport(asl: definition)
            do {
                try Self.check(export.text)
            } catch {
                Issue.record("seed \(seed): \(error)\n\(export.text)")
                return
            }
            #expect(!export.remarks.isEmpty)
        }
    }

    @Test func aFailureEntersTheChainWhereItWas() throws {
        let text = SagaExport(asl: Samples.order).text
        let machine = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        let states = try #require(machine["States"] as? [String: [String: Any]])
        func entries(_ name: String) -> [String] {
            (states[name]?["Catch"] as? [[String: Any]] ?? []).compactMap { $0["Next"] as? String }
        }
        #expect(entries("reserve") == ["undone", "undo reserve"])
        #expect(entries("charge") == ["undo reserve", "undo charge"])
        #expect(states["undo charge"]?["Next"] as? String == "undo reserve")
        #expect(states["undo reserve"]?["Next"] as? String == "undone")
        #expect(entries("confirm") == ["undo charge", "pivot unknown"])
        #expect(entries("tell") == [])
        #expect(states["undone"]?["Type"] as? String == "Fail")
        #expect(states["tell"]?["End"] as? Bool == true)
    }

    @Test func constantsOfAPayloadAreWrittenAsTheyAre() throws {
        let url = try #require(SagaTemplate("http://x/"))
        let note = try #require(SagaTemplate("to {data.name}"))
        let kind = try #require(SagaTemplate("card"))
        let call = SagaHTTPCall(
            url: url,
            body: [
                SagaField("id", .reference(SagaReference(.data, ["id"]))), SagaField("kind", .text(kind)),
                SagaField("note", .text(note)), SagaField("price", .number("1.50")), SagaField("gift", .boolean(true)),
                SagaField("none", .null),
            ])
        let step = SagaBlock.step(
            SagaStep(name: "a", activity: .http(call), role: .query, compensation: nil, timeout: .seconds(1)))
        let text = SagaExport(asl: Samples.saga([step])).text
        for part in [
            "\"id.$\": \"$.data.id\"", "\"kind\": \"card\"", "\"note.$\": \"States.Format('to {}', $.data.name)\"",
            "\"price\": 1.50", "\"gift\": true", "\"none\": null",
        ] { #expect(text.contains(part), "\(part) in \(text)") }
        try Self.check(text)
    }
}
