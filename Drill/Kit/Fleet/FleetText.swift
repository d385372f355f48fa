import DrillJudge

/// The drill's fleet file.
struct FleetText {
    /// The stores' addresses as Flotilla is to reach them: by service.
    var stores: [String: String]
    var mirror: String
    var state: String
    /// Where the state and the embedded broker's streams are.
    var stateDirectory: String
    var broker: String
    /// Of those that the saga works with.
    var bank: TransferBank

    /// More of its log than this must no server keep once nothing is pending.
    static let retainedBound = "96MiB"
    /// Those who keep copies; both have a view `ledger`.
    static let views = ["copies", "mirror"]

    var text: String {
        """
        fleet: drill
        broker: \(broker)
        state: {url: "\(state)", schema: state, directory: "\(stateDirectory)"}
        services:
        \(DrillService.all.map(publisher).joined(separator: "\n"))
          copies:
            store: sqlite:copies.db
            views:
        \(view(place: "INTEGER PRIMARY KEY"))
          mirror:
            store: {url: "\(mirror)", schema: mirror}
            views:
        \(view(place: "BIGSERIAL PRIMARY KEY"))
        \(bank.services)
        sagas:
        \(TransferBank.sagas)

        """
    }

    private func publisher(_ service: DrillService) -> String {
        let store =
            service.isSQLite
            ? "sqlite:\(service.name).db" : "{url: \"\(stores[service.name] ?? "")\", schema: \(service.name)}"
        let outbox =
            switch service.capture {
            case .file, .poll: "{capture: poll}"
            case .log, .message: "{capture: \(service.capture.rawValue), max_retained: \(Self.retainedBound)}"
            }
        return """
              \(service.name):
                store: \(store)
                outbox: \(outbox)
                publishes: [Counted]
            """
    }

    /// A ledger of every application, and for each key a fold that depends on all its events and on their order.
    private func view(place: String) -> String {
        let effect = """
            INSERT INTO ledger (source, id, key, n) VALUES (:source, :id, :key, :data.n);
                        INSERT INTO folds (source, key, last, count, sum) VALUES (:source, :key, :data.n, 1, :data.n)
                        ON CONFLICT (source, key) DO UPDATE SET last = excluded.last, count = folds.count + 1,
                            sum = (folds.sum * \(Fold.factor) + excluded.last) % \(Fold.modulus);
            """
        return """
                  ledger:
                    schema: |
                      CREATE TABLE ledger (place \(place), source TEXT NOT NULL, id TEXT NOT NULL, key TEXT NOT NULL,
                          n BIGINT NOT NULL);
                      CREATE TABLE folds (source TEXT NOT NULL, key TEXT NOT NULL, last BIGINT NOT NULL,
                          count BIGINT NOT NULL, sum BIGINT NOT NULL, PRIMARY KEY (source, key));
                    when:
            \(DrillService.all.map { "          \($0.name).Counted: |\n            \(effect)" }.joined(separator: "\n"))
            """
    }
}
