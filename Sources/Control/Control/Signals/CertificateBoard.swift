import Certificates
import FleetCore
import FleetFile
import HTTPEndpoint
import Logging
import Signals
import Synchronization

/// When certificates end: those that a fleet's file names, which it shows, comes in with, or trusts, and those that servers show
/// which it connects to.
final class CertificateBoard: Sendable {
    private struct State {
        var ends: [String: Timestamp] = [:]
        /// What the log has said of each.
        var told: [String: Warning] = [:]
    }

    private enum Warning: Hashable {
        case soon, ended, unreadable
    }

    private let sources: [CertificateSource]
    private let peers: [CertificatePeer]
    private let registry: SignalRegistry
    private let logger: Logger?
    private let state = Mutex(State())

    /// Who renews certificates does so before this.
    static let soon = Duration.seconds(30 * 86_400)
    static let verySoon = Duration.seconds(7 * 86_400)
    private static let interval = Duration.seconds(60)
    private static let peerInterval = Duration.seconds(3600)
    private static let looksAtATime = 8

    /// Looks at once.
    /// - Parameters:
    ///   - shown: when certificates end that a server has read already, by their names: what their files say is not so yet.
    ///   - logger: `nil` where nothing is to be said.
    init(_ fleet: FleetDefinition, shown: [String: Timestamp] = [:], _ registry: SignalRegistry, _ logger: Logger?) {
        sources = fleet.certificates.filter { shown[$0.name] == nil }
        peers = fleet.certificatePeers
        self.registry = registry
        self.logger = logger
        for (name, end) in shown { state.withLock { $0.ends[name] = end } }
        look()
        _ = registry.refresh { [weak self] in self?.tell() }
    }

    /// Looks again and again at what may be renewed: each minute at files, each hour at what servers show.
    func lookRepeatedly() async {
        var asked: ContinuousClock.Instant?
        repeat {
            if asked.map({ ContinuousClock.now - $0 >= Self.peerInterval }) ?? true {
                asked = .now
                await lookAtPeers()
            }
            look()
        } while (try? await Task.sleep(for: Self.interval)) != nil
    }

    /// One that does not answer is told of by whoever works with it.
    private func lookAtPeers() async {
        await withTaskGroup(of: Void.self) { group in
            for (number, peer) in peers.enumerated() {
                if number >= Self.looksAtATime { await group.next() }
                group.addTask {
                    let end = try? await peer.server.end { !peer.isPublic || !AddressRule.isPrivate($0) }
                    guard let end else { return }
                    self.state.withLock { $0.ends[peer.name] = end }
                }
            }
        }
    }

    private func look() {
        for source in sources {
            do {
                let end = try source.end
                state.withLock { $0.ends[source.name] = end }
            } catch {
                state.withLock { $0.ends[source.name] = nil }
                warn(source.name, .unreadable, "cannot be read: \(FleetError.wrapping(error))")
            }
        }
        tell()
        for (name, end) in state.withLock({ $0.ends }) { warn(name, end) }
    }

    private func tell() {
        let now = Timestamp.now()
        for (name, end) in state.withLock({ $0.ends }) {
            registry.gauge(FleetMetrics.certificateExpiry).series(name).set(end.elapsed(since: now).inSeconds)
        }
        for source in sources where state.withLock({ $0.ends[source.name] }) == nil {
            registry.gauge(FleetMetrics.certificateExpiry).series(source.name).set(nil)
        }
    }

    private func warn(_ name: String, _ end: Timestamp) {
        let left = end.elapsed(since: .now())
        if left <= .zero {
            warn(name, .ended, "has ended at \(end); \(Self.cure(of: name))")
        } else if left < Self.soon {
            warn(name, .soon, "ends at \(end); \(Self.cure(of: name))")
        } else {
            state.withLock { $0.told[name] = nil }
        }
    }

    /// Once for each certificate and trouble.
    private func warn(_ name: String, _ warning: Warning, _ text: String) {
        let isNew = state.withLock { state in
            defer { state.told[name] = warning }
            return state.told[name] != warning
        }
        if isNew { logger?.warning("the certificate of \(name) \(text)") }
    }

    /// What to do about one that ends.
    static func cure(of name: String) -> String {
        CertificateSource.served.contains(name)
            ? "renew it, and start `flotilla run` again, which reads it when it starts" : "renew it"
    }
}
