// Dispatch says nothing about the sendability of its sources; a source may be used from any thread.
@preconcurrency import Dispatch
import FleetCore
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Tells when files are written, by any process, without asking for it again and again (inotify(7)).
///
/// Where the system has no inotify, or no watch is left, ``watch(_:)`` returns `nil` and the caller polls.
public final class FileWatcher: Sendable {
    private let descriptor: Int32
    private let source: (any DispatchSourceRead)?
    private let signals = Mutex<[Int32: ChangeSignal]>([:])

    public init() {
        #if os(Linux)
            descriptor = inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))
        #else
            descriptor = -1
        #endif
        guard descriptor >= 0 else {
            source = nil
            return
        }
        let descriptor = descriptor
        let queue = DispatchQueue(label: "flotilla.file-watcher")
        let source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue)
        self.source = source
        source.setEventHandler { [weak self] in self?.readEvents() }
        source.setCancelHandler { close(descriptor) }
        source.resume()
    }

    deinit {
        source?.cancel()
    }

    /// A signal that is notified whenever one of the files is written. Files that do not exist are left out.
    func watch(_ paths: [String]) -> ChangeSignal? {
        #if os(Linux)
            guard descriptor >= 0 else { return nil }
            let signal = ChangeSignal()
            var isWatching = false
            for path in paths {
                signals.withLock { signals in
                    let watch = inotify_add_watch(descriptor, path, UInt32(IN_MODIFY))
                    if watch >= 0 {
                        signals[watch] = signal
                        isWatching = true
                    }
                }
            }
            return isWatching ? signal : nil
        #else
            return nil
        #endif
    }

    /// Takes the events that are there, and notifies each file's signal once.
    private func readEvents() {
        #if os(Linux)
            var changed: Set<Int32> = []
            withUnsafeTemporaryAllocation(byteCount: 16_384, alignment: MemoryLayout<inotify_event>.alignment) {
                buffer in
                while true {
                    let count = read(descriptor, buffer.baseAddress, buffer.count)
                    guard count > 0 else { return }
                    var offset = 0
                    while offset + MemoryLayout<inotify_event>.size <= count {
                        let event = buffer.load(fromByteOffset: offset, as: inotify_event.self)
                        changed.insert(event.wd)
                        offset += MemoryLayout<inotify_event>.size + Int(event.len)
                    }
                }
            }
            let told = signals.withLock { signals in changed.compactMap { signals[$0] } }
            for signal in told { signal.notify() }
        #endif
    }
}
