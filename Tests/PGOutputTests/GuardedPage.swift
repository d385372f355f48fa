import Foundation

/// Memory that ends where the process may not read: whoever reads past the end of a message dies.
final class GuardedPage {
    private let base: UnsafeMutableRawPointer
    private let length: Int

    /// - Parameter capacity: The longest message; rounded up to whole pages.
    init(capacity: Int) {
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        length = (capacity + page - 1) / page * page
        let mapped = mmap(nil, length + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let mapped, mapped != MAP_FAILED, mprotect(mapped + length, page, PROT_NONE) == 0 else {
            fatalError("no memory to be guarded: \(errno)")
        }
        base = mapped
    }

    deinit { munmap(base, length + Int(sysconf(Int32(_SC_PAGESIZE)))) }

    /// The last `count` bytes that may be read.
    func end(_ count: Int) -> UnsafeMutableRawBufferPointer {
        precondition(count <= length)
        return UnsafeMutableRawBufferPointer(start: base + (length - count), count: count)
    }
}
