internal import CYaml

/// One step of libyaml's parser.
struct YAMLEvent {
    enum Kind {
        case streamStart, streamEnd, documentStart, documentEnd
        case alias(String)
        case scalar(text: String, style: YAMLScalar.Style)
        case sequenceStart, mappingStart, collectionEnd
    }

    var kind: Kind
    var start: TextMark
    var end: TextMark
    /// The name that `&name` gives to the value.
    var anchor: String?
    /// The tag in full, `tag:yaml.org,2002:str` for `!!str`.
    var tag: String?
}

/// Why libyaml stopped, in its words.
struct YAMLSyntaxError: Error {
    var problem: String
    var mark: TextMark
    /// What it was reading, and where that began.
    var context: String?
    var contextMark: TextMark
}

/// libyaml's parser (the one within Yams), one event at a time.
///
/// Yams' own composer recurses with the document's depth, forgets where aliases stand and where values end, and
/// stops at the first mapping with a duplicate key. Events have none of these limits, and no recursion.
final class YAMLEvents {
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let input: UnsafeMutableBufferPointer<UInt8>

    /// - Throws: ``YAMLSyntaxError`` where there is no memory.
    init(_ bytes: [UInt8]) throws(YAMLSyntaxError) {
        parser = .allocate(capacity: 1)
        input = .allocate(capacity: bytes.count)
        _ = input.initialize(from: bytes)
        guard yaml_parser_initialize(parser) == 1 else {
            parser.deallocate()
            input.deallocate()
            throw YAMLSyntaxError(problem: "out of memory", mark: .start, context: nil, contextMark: .start)
        }
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(parser, input.baseAddress, input.count)
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
        input.deallocate()
    }

    /// The next event. After an error or ``YAMLEvent/Kind/streamEnd`` it must not be called again.
    func next() throws(YAMLSyntaxError) -> YAMLEvent {
        var event = yaml_event_t()
        guard yaml_parser_parse(parser, &event) == 1 else { throw failure() }
        defer { yaml_event_delete(&event) }
        let (kind, anchor, tag) = try content(event)
        return YAMLEvent(
            kind: kind, start: TextMark(event.start_mark), end: TextMark(event.end_mark), anchor: anchor, tag: tag)
    }

    private func content(
        _ event: yaml_event_t
    ) throws(YAMLSyntaxError) -> (kind: YAMLEvent.Kind, anchor: String?, tag: String?) {
        switch event.type {
        case YAML_STREAM_START_EVENT: return (.streamStart, nil, nil)
        case YAML_STREAM_END_EVENT: return (.streamEnd, nil, nil)
        case YAML_DOCUMENT_START_EVENT: return (.documentStart, nil, nil)
        case YAML_DOCUMENT_END_EVENT: return (.documentEnd, nil, nil)
        case YAML_ALIAS_EVENT: return (.alias(text(event.data.alias.anchor) ?? ""), nil, nil)
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            let bytes = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            let value = String(decoding: bytes, as: UTF8.self)
            return (.scalar(text: value, style: .init(scalar.style)), text(scalar.anchor), text(scalar.tag))
        case YAML_SEQUENCE_START_EVENT:
            return (.sequenceStart, text(event.data.sequence_start.anchor), text(event.data.sequence_start.tag))
        case YAML_MAPPING_START_EVENT:
            return (.mappingStart, text(event.data.mapping_start.anchor), text(event.data.mapping_start.tag))
        case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT: return (.collectionEnd, nil, nil)
        default:
            let mark = TextMark(event.start_mark)
            throw YAMLSyntaxError(problem: "unexpected end", mark: mark, context: nil, contextMark: mark)
        }
    }

    private func failure() -> YAMLSyntaxError {
        let state = parser.pointee
        return YAMLSyntaxError(
            problem: state.problem.map { String(cString: $0) } ?? "out of memory",
            mark: TextMark(state.problem_mark),
            context: state.context.map { String(cString: $0) },
            contextMark: TextMark(state.context_mark))
    }

    private func text(_ pointer: UnsafeMutablePointer<UInt8>?) -> String? {
        pointer.map { String(cString: $0) }
    }
}

extension TextMark {
    fileprivate init(_ mark: yaml_mark_t) {
        self.init(line: Int(clamping: mark.line), column: Int(clamping: mark.column))
    }
}

extension YAMLScalar.Style {
    fileprivate init(_ style: yaml_scalar_style_t) {
        switch style {
        case YAML_SINGLE_QUOTED_SCALAR_STYLE: self = .singleQuoted
        case YAML_DOUBLE_QUOTED_SCALAR_STYLE: self = .doubleQuoted
        case YAML_LITERAL_SCALAR_STYLE: self = .literal
        case YAML_FOLDED_SCALAR_STYLE: self = .folded
        default: self = .plain
        }
    }
}
