// The traces that were kept last, and the spans of each.

const traceLevel = trace => trace.kind === 'failed' ? 'bad' : trace.kind === 'slow' ? 'warning' : 'good';
const traceSigns = {failed: 'failed', slow: 'slow', other: 'well'};

function traceGrid(caption, options) {
  return new Grid(caption, [
    {head: 'State', unseen: true, class: 'state', stamp: row => row.kind, draw: row => h('span', {class: 'sign', 'data-level': traceLevel(row), role: 'img', 'aria-label': traceSigns[row.kind], title: traceSigns[row.kind]}, levels[traceLevel(row)].sign)},
    {head: 'Trace', isName: true, class: 'name', stamp: row => row.name, draw: row => [link(row.name, 'trace', row.id), h('div', {class: 'sub mono'}, row.id.slice(0, 16) + '…')]},
    {head: 'Began', class: 'n', stamp: row => row.at, draw: row => h('time', {datetime: row.at, title: row.at}, when(row.at))},
    {head: 'Lasted', class: 'n', text: row => seconds(row.seconds)},
    {head: 'Spans', class: 'n narrow-off', text: row => count(row.spans)},
    {head: 'Services', class: 'narrow-off dim', text: row => row.services.join(', ')},
    {head: 'Why', class: 'why wide', text: row => row.error || ''},
  ], options);
}

/** What took longest of what was traced of something; nothing where none is here. */
function slowestTraces(name) {
  const grid = traceGrid('Slowest traces');
  const box = panel('Slowest traces', grid.element, h('p', {class: 'body small'}, link('All traces of ' + name, 'traces', name)));
  box.hidden = true;
  const load = () => ask(`/api/traces?of=${encodeURIComponent(name)}&by=duration&limit=8`).then(answer => { box.hidden = answer.traces.length === 0; grid.update(answer.traces, row => row.id, traceLevel); }, () => {});
  box.loaded = load();
  again(10, () => box.isConnected, load);
  return box;
}

const tracesPage = name => {
  let kind = '', by = 'time', shown = '';
  const grid = traceGrid('Traces', {empty: 'None was kept yet.'});
  const trouble = h('p', {class: 'body trouble', hidden: true}), hint = h('p', {class: 'body dim', hidden: true}, 'No traces are made: ask for them in the fleet file, with ', h('code', {}, 'telemetry: {}'), '.');
  function choice(label, options, changed) {
    return h('select', {'aria-label': label, onchange: event => { changed(event.target.value); load(); }}, options.map(([value, text]) => h('option', {value}, text)));
  }
  async function load() {
    const url = `/api/traces?by=${by}` + (name ? '&of=' + encodeURIComponent(name) : '') + (kind ? '&kind=' + kind : '');
    shown = url;
    try {
      const answer = await ask(url);
      // Somebody may have chosen otherwise meanwhile.
      if (shown !== url) return;
      hint.hidden = answer.areMade;
      grid.element.hidden = !answer.areMade;
      grid.update(answer.traces, row => row.id, traceLevel);
      trouble.hidden = true;
    } catch (error) { trouble.hidden = false; trouble.textContent = error.message; }
  }
  main.replaceChildren(
    h('div', {class: 'title'}, h('h1', {}, name ? `Traces of ${name}` : 'Traces'), h('span', {class: 'faint'}, 'those that were kept last')),
    h('section', {class: 'panel', 'aria-label': 'Traces'}, h('div', {class: 'top'}, h('h2', {}, 'Traces'), h('span', {class: 'faint small'}, '200 at most'), h('span', {class: 'spring'}),
      choice('Which', [['', 'all'], ['failed', 'failed'], ['slow', 'slow']], value => { kind = value; }), choice('Order', [['time', 'youngest first'], ['duration', 'slowest first']], value => { by = value; })), hint, trouble, grid.element));
  load();
  again(5, () => grid.element.isConnected, load);
  return {};
};

/** Where a span lies within its trace. */
function spanBar(span, whole) {
  const inner = h('i', {'data-level': span.error ? 'bad' : null});
  inner.style.marginLeft = Math.min(99.5, whole ? span.from / whole * 100 : 0) + '%';
  inner.style.width = Math.max(0.5, whole ? span.seconds / whole * 100 : 100) + '%';
  return h('span', {class: 'span-bar', 'aria-hidden': 'true'}, inner);
}

/** What a span is about, as a way to its page. */
function spanSubject(span) {
  if (span.reader && fleet.readers.some(row => row.name === span.reader)) return link(span.reader, 'reader', span.reader, ...(span.stream ? [span.stream] : []));
  if (span.stream && fleet.streams.some(row => row.name === span.stream)) return link(span.stream, 'stream', span.stream);
  return h('span', {class: 'dim'}, span.service || '');
}

const tracePage = id => reloading('/api/trace?id=' + encodeURIComponent(id), trace => {
  const said = h('section', {class: 'panel', 'aria-label': 'Span', hidden: true});
  const grid = new Grid('Spans, each behind the one that it is a part of', [
    {head: 'State', unseen: true, class: 'state', stamp: row => row.error || '', draw: row => sign(row.error ? 'bad' : 'good')},
    {head: 'Span', isName: true, class: 'name', stamp: row => row.id, draw: row => {
      const button = h('button', {class: 'plain', 'aria-label': `${row.name}: all that is said of it`, onclick: () => show(row)}, row.name);
      button.style.marginLeft = Math.min(8, row.depth) * 14 + 'px';
      return button;
    }},
    {head: 'Of', class: 'narrow-off', stamp: row => row.id, draw: spanSubject},
    {head: 'From', class: 'n narrow-off', text: row => seconds(row.from)},
    {head: 'Took', class: 'n', text: row => seconds(row.seconds)},
    {head: 'When', class: 'span-place', stamp: row => row.id, draw: row => spanBar(row, trace.seconds)},
    {head: 'Why', class: 'why', text: row => row.error || ''},
  ]);
  function show(span) {
    const facts = new Grid('All that is said of ' + span.name, [{head: 'Attribute', isName: true, class: 'mono', text: one => one.name}, {head: 'Value', class: 'mono wrap', text: one => one.value}]);
    facts.update([{name: 'span_id', value: span.id}, ...span.attributes], one => one.name);
    said.replaceChildren(h('div', {class: 'top'}, h('h2', {}, span.name)), facts.element);
    said.hidden = false;
    said.setAttribute('tabindex', '-1');
    said.focus({preventScroll: true});
    said.scrollIntoView({block: 'nearest'});
  }
  grid.update(trace.spans, row => row.id, row => row.error ? 'bad' : null);
  main.replaceChildren(h('div', {class: 'title'}, sign(traceLevel(trace)), h('h1', {class: 'mono'}, trace.id), h('span', {class: 'faint'}, 'trace')),
    h('section', {class: 'panel', 'aria-label': 'Now'}, facts([['Began', when(trace.at)], ['Lasted', seconds(trace.seconds)], ['Spans', count(trace.spans.length + trace.omitted)], ...(trace.error ? [['Why', trace.error]] : [])])),
    panel('Spans', grid.element, trace.omitted ? h('p', {class: 'body faint small'}, `${count(trace.omitted)} more are not held.`) : ''), said);
});
