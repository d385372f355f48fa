/// Finds the known name that somebody probably meant, by edit distance (Levenshtein, with transpositions:
/// optimal string alignment).
public enum NearestName {
    /// The candidate nearest to `name`, if it is near enough to be a slip: at most a third of its length away.
    public static func of(_ name: String, in candidates: some Sequence<String>) -> String? {
        let bound = max(1, name.count / 3)
        var best: (distance: Int, candidate: String)?
        for candidate in candidates.sorted() where candidate != name && candidate.count <= 256 && name.count <= 256 {
            let distance = distance(Array(name.lowercased()), Array(candidate.lowercased()))
            if distance <= bound, distance < best?.distance ?? .max { best = (distance, candidate) }
        }
        return best?.candidate
    }

    private static func distance(_ left: [Character], _ right: [Character]) -> Int {
        var beforeLast = [Int](repeating: 0, count: right.count + 1)
        var last = Array(0...right.count)
        for row in 0..<left.count {
            var current = [row + 1]
            for column in 0..<right.count {
                let change = last[column] + (left[row] == right[column] ? 0 : 1)
                var least = min(change, last[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                    least = min(least, beforeLast[column - 1] + 1)
                }
                current.append(least)
            }
            (beforeLast, last) = (last, current)
        }
        return last[right.count]
    }
}
