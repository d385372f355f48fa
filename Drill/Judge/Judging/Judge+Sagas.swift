/// What must be true of sagas that move money between three services.
extension Judge {
    mutating func judgeSagas() {
        let seen = observations.sagas
        judgeAsked(seen.asked)
        var sagas: [String: SagaRecord] = [:]
        var doubled = Examples()
        for saga in seen.sagas where sagas.updateValue(saga, forKey: saga.transfer) != nil {
            doubled.add(saga.transfer)
        }
        find(.repeatedStep, doubled) {
            "\(Wording.counted($0, "transfer")) \($0 == 1 ? "has" : "have") more than one saga"
        }
        let moves = Dictionary(grouping: seen.moves, by: \.transfer).mapValues { $0.sorted { $0.number < $1.number } }
        judgeExistence(asked: seen.asked, sagas, moves)
        judgeEnds(sagas, moves)
        judgeOrder(moves)
        judgeMoney(seen)
    }

    /// A store that forgot who asked makes the rest worthless.
    private mutating func judgeAsked(_ asked: Set<String>) {
        var missing = Examples()
        var surplus = Examples()
        for transfer in history.asked {
            let name = "transfer \(transfer.id) at \(Wording.seconds(transfer.at))"
            if transfer.outcome == .committed, !asked.contains(transfer.id) { missing.add(name) }
            if transfer.outcome == .rolledBack, asked.contains(transfer.id) { surplus.add(name) }
        }
        find(.store, missing) {
            "the store of teller has not all that it committed: \(Wording.counted($0, "transfer"))"
        }
        find(.store, surplus) { "the store of teller has what was rolled back: \(Wording.counted($0, "transfer"))" }
    }

    private mutating func judgeExistence(
        asked: Set<String>, _ sagas: [String: SagaRecord], _ moves: [String: [Move]]
    ) {
        var lost = Examples()
        for transfer in asked.sorted() where sagas[transfer] == nil {
            lost.add("transfer \(transfer)\(moves[transfer].map { ", of which was done: \(Self.told($0))" } ?? "")")
        }
        find(.lostSaga, lost) {
            "\(Wording.counted($0, "transfer")) that \($0 == 1 ? "was" : "were") asked for \($0 == 1 ? "has" : "have") no saga"
        }
        var ghosts = Examples()
        for transfer in Set(sagas.keys).union(moves.keys).sorted() where !asked.contains(transfer) {
            ghosts.add("transfer \(transfer)\(moves[transfer].map { ", of which was done: \(Self.told($0))" } ?? "")")
        }
        find(.ghost, ghosts) { "\(Wording.counted($0, "transfer")) that nobody asked for" }
    }

    /// Each ends completed, compensated, or parked with a reason; and what was done is what that says.
    private mutating func judgeEnds(_ sagas: [String: SagaRecord], _ moves: [String: [Move]]) {
        var endless = Examples()
        var wrong = Examples()
        for (transfer, saga) in sagas.sorted(by: { $0.key < $1.key }) {
            let kinds = (moves[transfer] ?? []).map(\.kind)
            let told = "transfer \(transfer), which is \(saga.status): \(Self.told(moves[transfer] ?? []))"
            switch saga.status {
            case "completed":
                if Set(kinds) != [.withdraw, .hold, .deposit] { wrong.add(told) }
            case "compensated":
                let open = Set(kinds).subtracting(kinds.compactMap(\.undoes)).filter { $0.undoes == nil }
                if !open.isEmpty {
                    wrong.add("\(told); \(open.map(\.rawValue).sorted().joined(separator: " and ")) stayed")
                }
            case "parked" where !saga.reason.isEmpty: break
            default:
                endless.add("transfer \(transfer) is \(saga.status)\(saga.reason.isEmpty ? "" : ": \(saga.reason)")")
            }
        }
        find(.unendedSaga, endless) {
            "\(Wording.counted($0, "saga")) ended neither completed, nor compensated, nor parked with a reason"
        }
        find(.sagaEffect, wrong) { "of \(Wording.counted($0, "saga")) something else was done than its end says" }
    }

    /// Nothing twice, nothing undone that was not done, nothing done after that, and undone in reverse order.
    private mutating func judgeOrder(_ moves: [String: [Move]]) {
        var twice = Examples()
        var wrong = Examples()
        for (transfer, moves) in moves.sorted(by: { $0.key < $1.key }) {
            let kinds = moves.map(\.kind)
            let told = "transfer \(transfer): \(Self.told(moves))"
            if Set(kinds).count < kinds.count { twice.add(told) }
            var done: [Move.Kind] = []
            var isUndoing = false
            for kind in kinds {
                if let undone = kind.undoes {
                    isUndoing = true
                    if done.last == undone {
                        done.removeLast()
                    } else {
                        wrong.add(
                            "\(told); \(kind.rawValue) \(done.contains(undone) ? "came too early" : "undoes nothing")")
                        break
                    }
                } else {
                    if isUndoing {
                        wrong.add("\(told); \(kind.rawValue) came after the undoing had begun")
                        break
                    }
                    done.append(kind)
                }
            }
        }
        find(.repeatedStep, twice) { "of \(Wording.counted($0, "transfer")) something was done twice" }
        find(.compensation, wrong) {
            "\(Wording.counted($0, "transfer")) \($0 == 1 ? "was" : "were") not undone in reverse order, and only what was done"
        }
    }

    private mutating func judgeMoney(_ seen: SagaObservations) {
        var wrong = Examples()
        for money in seen.accounts {
            let moved = seen.moves.filter { $0.kind.service == money.service }.map(\.kind.amount).reduce(0, +)
            if money.before + moved != money.after {
                wrong.add("\(money.service) had \(money.before), its moves are \(moved), and it has \(money.after)")
            }
        }
        // What is parked may be under way; everything else has come to an end in which money is where it was, or arrived.
        let parked = Set(seen.sagas.filter { $0.status == "parked" }.map(\.transfer))
        let underWay = seen.moves.filter { parked.contains($0.transfer) }.map(\.kind.amount).reduce(0, +)
        let (before, after) = (seen.accounts.map(\.before).reduce(0, +), seen.accounts.map(\.after).reduce(0, +))
        if before + underWay != after {
            wrong.add(
                "all services together had \(before), \(underWay) is under way with parked sagas, and they have \(after)"
            )
        }
        find(.money, wrong) { _ in "money came or went" }
    }

    /// `withdraw, hold, release`.
    private static func told(_ moves: [Move]) -> String {
        moves.isEmpty ? "nothing" : moves.map(\.kind.rawValue).joined(separator: ", ")
    }
}
