import Dispatch
import FleetCore
import FleetFile
import Foundation
import Signals
import Synchronization

/// A place of the fleet's on a disk of this machine.
struct DiskPlace: Sendable, Hashable {
    /// `store orders`, `broker`, `state`.
    var name: String
    var directory: String
}

extension FleetDefinition {
    /// Where the fleet's files grow: those of stores in files, of the embedded broker's streams, and of the state.
    var diskPlaces: [DiskPlace] {
        var places = services.filter(\.store.isSQLite).map { service in
            let file = service.store.text as NSString
            let directory = file.deletingLastPathComponent
            return DiskPlace(name: "store \(service.name)", directory: directory.isEmpty ? "." : directory)
        }
        if broker.nats == nil { places.append(DiskPlace(name: "broker", directory: streamsDirectory)) }
        return places + [DiskPlace(name: "state", directory: state.directory)]
    }
}

/// What a file system holds, in bytes.
struct DiskRoom: Sendable, Hashable {
    /// What is left for who is not the superuser.
    var free: Double
    var size: Double

    init(free: Double, size: Double) {
        self.free = free
        self.size = size
    }

    /// `nil` where nobody can tell.
    init?(at directory: String) {
        var status = statvfs()
        guard statvfs(directory, &status) == 0 else { return nil }
        let block = Double(status.f_frsize)
        self.init(free: Double(status.f_bavail) * block, size: Double(status.f_blocks) * block)
        // What is no disk has no size.
        if size <= 0 { return nil }
    }
}

/// Looks again and again how much room is left where the fleet's files are.
///
/// A file system that hangs holds up nobody: it is asked on a thread of its own, and while it does not answer nothing is known.
final class DiskLook: Sendable {
    private struct State {
        var isLooking = false
        var isOver = false
    }

    private let places: [DiskPlace]
    private let registry: SignalRegistry
    private let state = Mutex(State())

    private static let interval = Duration.seconds(10)
    /// How long a single look is waited for.
    private static let patience = Duration.seconds(2)
    private let changes = ChangeSignal()

    init(_ fleet: FleetDefinition, _ registry: SignalRegistry) {
        places = fleet.diskPlaces
        self.registry = registry
    }

    func repeatedly() async {
        repeat { begin() } while (try? await Task.sleep(for: Self.interval)) != nil
        state.withLock { state in
            state.isOver = true
            tell([:])
        }
    }

    /// Looks once. Of what does not answer in time nothing is known.
    func once() async {
        begin()
        await changes.wait(past: 0, timeout: Self.patience)
        state.withLock { $0.isOver = true }
    }

    private func begin() {
        let mayBegin = state.withLock { state in
            if state.isLooking { tell([:]) }
            defer { state.isLooking = true }
            return !state.isLooking
        }
        guard mayBegin else { return }
        DispatchQueue.global(qos: .utility).async { [self] in
            let rooms = Self.rooms(at: places)
            state.withLock { state in
                state.isLooking = false
                if !state.isOver { tell(rooms) }
            }
            changes.notify()
        }
    }

    /// Places on one file system are told the same.
    static func rooms(at places: [DiskPlace]) -> [String: DiskRoom] {
        var known: [UInt64: DiskRoom] = [:]
        var rooms: [String: DiskRoom] = [:]
        for place in places {
            var status = stat()
            guard stat(place.directory, &status) == 0 else { continue }
            let device = UInt64(status.st_dev)
            guard let room = known[device] ?? DiskRoom(at: place.directory) else { continue }
            known[device] = room
            rooms[place.name] = room
        }
        return rooms
    }

    private func tell(_ rooms: [String: DiskRoom]) {
        for place in places {
            registry.gauge(FleetMetrics.diskFree).series(place.name).set(rooms[place.name]?.free)
            registry.gauge(FleetMetrics.diskSize).series(place.name).set(rooms[place.name]?.size)
        }
    }
}
