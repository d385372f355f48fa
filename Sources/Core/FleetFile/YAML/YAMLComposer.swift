/// Builds the tree of a file's one document from events, with a bound on everything that a file can drive.
///
/// Nothing here recurses: the collections that are open stand on a stack of bounded depth.
struct YAMLComposer {
    /// Levels of collections, aliases counted in full. A fleet file needs seven.
    static let deepest = 64
    /// Values that all aliases of a file may stand for.
    static let aliasLimit = 10_000

    private struct OpenCollection {
        var isMapping: Bool
        var mark: TextMark
        var anchor: String?
        var items: [YAMLNode] = []
        var weight = 1
        var height = 1
    }

    private let source: SourceLines
    private let log: ProblemLog
    private var open: [OpenCollection] = []
    private var anchors: [String: YAMLNode] = [:]
    private var aliased = 0
    private var root: YAMLNode?

    /// The document's tree; `nil` where there is none, for a reason that the log has.
    static func compose(_ source: SourceLines, log: ProblemLog) -> YAMLNode? {
        var composer = YAMLComposer(source: source, log: log)
        do {
            return try composer.run(YAMLEvents(source.bytes))
        } catch {
            log.add(SyntaxAdvice.problem(error, in: source))
            return nil
        }
    }

    private init(source: SourceLines, log: ProblemLog) {
        self.source = source
        self.log = log
    }

    private mutating func run(_ events: YAMLEvents) throws(YAMLSyntaxError) -> YAMLNode? {
        var documents = 0
        while true {
            let event = try events.next()
            switch event.kind {
            case .streamStart, .documentEnd: break
            case .streamEnd:
                if root == nil { log.error(at: .start, "the file is empty", remedy: ProblemLog.starter) }
                return root
            case .documentStart:
                documents += 1
                if documents > 1 {
                    let remedy = "keep one fleet per file and remove the --- between them"
                    log.error(at: event.start, "a second YAML document begins here", remedy: remedy)
                    return root
                }
            case .alias(let name): append(resolve(name, at: event.start))
            case .scalar(let text, let style): scalar(text, style, event)
            case .sequenceStart, .mappingStart:
                checkTag(event)
                guard open.count < Self.deepest else {
                    log.error(at: event.start, "nested deeper than \(Self.deepest) levels", remedy: "flatten it")
                    return nil
                }
                var isMapping = false
                if case .mappingStart = event.kind { isMapping = true }
                open.append(OpenCollection(isMapping: isMapping, mark: event.start, anchor: event.anchor))
            case .collectionEnd: close()
            }
        }
    }

    private mutating func scalar(_ text: String, _ style: YAMLScalar.Style, _ event: YAMLEvent) {
        checkTag(event)
        let decorated = event.anchor != nil || event.tag != nil
        let start = decorated ? NodeProperties.end(from: event.start, in: source) : event.start
        let scalar = YAMLScalar(text: text, style: style, start: start, end: event.end)
        let node = YAMLNode(content: .scalar(scalar), mark: start)
        if let anchor = event.anchor { anchors[anchor] = node }
        append(node)
    }

    private mutating func append(_ node: YAMLNode) {
        guard let last = open.indices.last else {
            root = node
            return
        }
        open[last].items.append(node)
        open[last].weight += node.weight
        open[last].height = max(open[last].height, node.height + 1)
    }

    private mutating func close() {
        guard let done = open.popLast() else { return }
        var content = YAMLNode.Content.sequence(done.items)
        if done.isMapping {
            content = .mapping(
                stride(from: 0, to: done.items.count - 1, by: 2).map {
                    YAMLEntry(key: done.items[$0], value: done.items[$0 + 1])
                })
        }
        let node = YAMLNode(content: content, mark: done.mark, weight: done.weight, height: done.height)
        if let anchor = done.anchor { anchors[anchor] = node }
        append(node)
    }

    /// What an alias stands for, with the alias's own place.
    private mutating func resolve(_ name: String, at mark: TextMark) -> YAMLNode {
        var node = YAMLNode(content: .unreadable, mark: mark)
        if open.contains(where: { $0.anchor == name }) {
            let remedy = "write out what is meant instead of *\(name)"
            log.error(at: mark, "the alias *\(name) stands within its own anchor: a cycle", remedy: remedy)
        } else if let known = anchors[name] {
            if open.count + known.height > Self.deepest {
                let message = "with the alias *\(name), nested deeper than \(Self.deepest) levels"
                log.error(at: mark, message, remedy: "flatten it")
            } else if aliased + known.weight > Self.aliasLimit {
                let message = "the aliases of this file stand for more than \(Self.aliasLimit) values"
                log.error(at: mark, message, remedy: "write the values out, or split the fleet")
            } else {
                aliased += known.weight
                node = known
                node.mark = mark
            }
        } else {
            let nearest = log.nearest(to: name, in: anchors.keys).map { "did you mean *\($0)?" }
            let message = "the alias *\(name) has no anchor before it"
            log.error(at: mark, message, remedy: nearest ?? "put &\(name) before the value that is meant")
        }
        return node
    }

    private func checkTag(_ event: YAMLEvent) {
        guard let tag = event.tag, tag != "!" else { return }
        if ["str", "map", "seq"].contains(where: { tag == "tag:yaml.org,2002:" + $0 }) { return }
        let name = tag.hasPrefix("tag:yaml.org,2002:") ? "!!" + tag.dropFirst(18) : tag[...]
        let remedy = "remove it: every value of a fleet file is a text, a list or a mapping"
        log.error(at: event.start, "the tag \(Shown.quoted(String(name))) has no meaning here", remedy: remedy)
    }
}
