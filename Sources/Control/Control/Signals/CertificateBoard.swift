import Certificates
import FleetCore
import FleetFile
import HTTPEndpoint
import Logging
import Signals

/// When certificates and secrets end: certificates that a fleet's file names, which it shows, comes in with, or trusts, and those
/// that servers show which it connects to; the JWT and the roles' passwords that it comes in with.
final class CertificateBoard: Sendable {
    private let sources: [CertificateSource]
    private let peers: [CertificatePeer]
    private let secretSources: [SecretSource]
    private let roles: [SecretRole]
    private let certificates: ExpiryBoard
    private let secrets: ExpiryBoard

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
        secretSources = fleet.secrets
        roles = fleet.secretRoles
        certificates = ExpiryBoard(FleetMetrics.certificateExpiry, article: "the certificate of", registry, logger) {
            CertificateBoard.cure(of: $0)
        }
        secrets = ExpiryBoard(FleetMetrics.secretExpiry, article: "the", registry, logger) {
            SecretSource.cure(of: $0)
        }
        for (name, end) in shown { certificates.set(end, of: name) }
        look()
        _ = registry.refresh { [weak self] in
            self?.certificates.tell()
            self?.secrets.tell()
        }
    }

    /// Looks again and again at what may be renewed: each minute at files, each hour at what servers show and know.
    func lookRepeatedly() async {
        var asked: ContinuousClock.Instant?
        repeat {
            if asked.map({ ContinuousClock.now - $0 >= Self.peerInterval }) ?? true {
                asked = .now
                await lookAtPeers()
                await lookAtRoles()
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
                    self.certificates.set(end, of: peer.name)
                }
            }
        }
    }

    /// One that is not let in, or asked in vain, is told of by whoever works as it.
    private func lookAtRoles() async {
        await withTaskGroup(of: Void.self) { group in
            for (number, role) in roles.enumerated() {
                if number >= Self.looksAtATime { await group.next() }
                group.addTask {
                    guard let (name, end) = try? await role.look() else { return }
                    self.secrets.set(end, of: "password of \(name)")
                }
            }
        }
    }

    private func look() {
        for source in sources {
            do {
                certificates.set(try source.end, of: source.name)
            } catch {
                certificates.lose(source.name, because: error)
            }
        }
        for source in secretSources {
            do {
                secrets.set(try source.end, of: source.name)
            } catch {
                secrets.lose(source.name, because: error)
            }
        }
        for board in [certificates, secrets] {
            board.tell()
            board.warn()
        }
    }

    /// What to do about one that ends.
    static func cure(of name: String) -> String {
        CertificateSource.served.contains(name)
            ? "renew it, and start `flotilla run` again, which reads it when it starts" : "renew it"
    }
}
