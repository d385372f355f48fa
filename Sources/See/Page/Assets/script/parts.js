// Stores, streams and readers: all of them, and each by itself.

const streamColumns = [
  stateColumn,
  {head: 'Stream', isName: true, class: 'name', stamp: row => row.name + (row.why || [])[0], draw: row => [link(row.service, 'stream', row.name), h('div', {class: 'sub'}, row.name), narrowWhy((row.why || [])[0])]},
  {head: 'Events/s', class: 'n', text: row => rate(row.rate)},
  {head: 'In the outbox', class: 'n', text: row => count(row.depth)},
  {head: 'Oldest', class: 'n', text: row => row.age ? seconds(row.age) : '–'},
  {head: 'p50 / p99 to the broker', class: 'n narrow-off', text: row => known(row.p50) ? `${seconds(row.p50)} / ${seconds(row.p99)}` : '–'},
  {head: 'Records', class: 'n narrow-off', text: row => count(row.records)},
  {head: 'Size', class: 'n narrow-off', text: row => bytes(row.bytes)},
  {head: 'Parked', class: 'n', text: row => row.parked ? count(row.parked) : '–'},
  {...whyColumn, class: 'why wide'},
];
const readerColumns = [
  stateColumn,
  {head: 'Reader', isName: true, class: 'name', stamp: row => row.name + row.kind + (row.why || [])[0], draw: row => [link(row.name, 'reader', row.name, row.stream), h('div', {class: 'sub'}, row.kind), narrowWhy((row.why || [])[0])]},
  {head: 'From', class: 'narrow-off', stamp: row => row.source, draw: row => link(row.source, 'stream', row.stream)},
  {head: 'Events/s', class: 'n', text: row => rate(row.rate)},
  {head: 'Behind', class: 'n', text: row => count(row.lag)},
  {head: 'Oldest', class: 'n', text: row => row.age ? seconds(row.age) : '–'},
  {head: 'p50 / p99 end to end', class: 'n narrow-off', text: row => known(row.p50) ? `${seconds(row.p50)} / ${seconds(row.p99)}` : '–'},
  {head: 'Parked', class: 'n', text: row => row.parked + row.retrying + row.waiting ? count(row.parked + row.retrying + row.waiting) : '–'},
  {...whyColumn, class: 'why wide'},
];
const readerKey = row => row.name + ' ' + row.stream;

const streamsPage = () => {
  let filter = '';
  const streams = new Grid('Streams, the worst first', streamColumns), readers = new Grid('Readers, the worst first', readerColumns);
  main.replaceChildren(h('div', {class: 'title'}, h('h1', {}, 'Streams'), h('span', {class: 'spring'}), filterField('streams and readers', text => { filter = text; page.update(fleet); })),
    panel('Outboxes and streams', streams.element), panel('Views, pushes and other readers', readers.element));
  return {update(overview) {
    streams.update(overview.streams.filter(row => row.name.toLowerCase().includes(filter)), row => row.name, row => row.level);
    readers.update(overview.readers.filter(row => readerKey(row).toLowerCase().includes(filter)), readerKey, row => row.level);
  }};
};

function facts(rows) { return h('dl', {class: 'facts body'}, rows.map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value)))); }
function title(kind, name, row) {
  return h('div', {class: 'title'}, row ? sign(row.level) : '', h('h1', {}, name), h('span', {class: 'faint'}, kind));
}
function reasons(row) { return row && (row.why || []).length ? h('div', {class: 'notice' + (row.level === 'bad' ? '' : ' warning')}, h('ul', {}, row.why.map(text => h('li', {}, text)))) : ''; }
/** What is not there, as far as this process knows: it may be later. `find` looks for it in an overview. */
function gone(what, find) {
  const {isCarried} = fleet;
  main.replaceChildren(h('h1', {}, 'Not here'), h('p', {class: 'dim'}, !find || isCarried ? `The fleet has no ${what}.` : `This process does not carry the fleet, and knows of no ${what}.`));
  return {isOutdated: overview => Boolean(find) && (overview.isCarried !== isCarried || Boolean(find(overview)))};
}

/** Everything that is measured of something. */
function signals(name, stream) {
  const body = h('div', {class: 'scroll'}, h('p', {class: 'body faint'}, 'Asking …'));
  ask('/api/signals?of=' + encodeURIComponent(name) + (stream ? '&in=' + encodeURIComponent(stream) : '')).then(all => {
    const grid = new Grid('All that is measured of ' + name, [
      {head: 'Metric', isName: true, class: 'mono metric', stamp: one => one.metric, draw: one => h('span', {title: one.meaning}, one.metric)},
      {head: 'Labels', class: 'dim mono narrow-off', text: one => Object.entries(one.labels).filter(([, value]) => value !== name).map(([key, value]) => `${key}=${value}`).join(' ')},
      {head: 'Value', class: 'n', text: one => known(one.value) ? (one.unit === 's' ? seconds(one.value) : one.unit === 'By' ? bytes(one.value) : one.unit === '1' ? percent(one.value) : count(one.value))
        : known(one.p50) ? [one.p50, one.p99, one.p999].map(value => one.unit === 's' ? seconds(value) : count(value)).join(' / ') : '–'},
      {head: 'Meaning', class: 'dim wide', text: one => one.meaning + (known(one.count) ? ` (p50 / p99 / p99.9 of ${count(one.count)} since the start)` : '')},
    ]);
    grid.update(all, one => one.metric + JSON.stringify(one.labels));
    body.replaceChildren(grid.element);
  }, error => body.replaceChildren(h('p', {class: 'body trouble'}, error.message)));
  return panel('All signals', body);
}

/** What a store's server runs that takes the most time; nothing where it does not tell. */
function topStatements(name) {
  const grid = new Grid('Statements that took the most time', [
    {head: 'Statement', isName: true, class: 'mono why wide', stamp: one => one.text, draw: one => h('div', {title: one.text}, one.text)},
    {head: 'Runs for', stamp: one => one.reader || one.saga || '', draw: one => runsFor(one)},
    {head: 'Time', class: 'n', text: one => seconds(one.seconds)}, {head: 'Calls', class: 'n', text: one => count(one.calls)},
    {head: 'Mean', class: 'n', text: one => seconds(one.calls ? one.seconds / one.calls : 0)}, {head: 'Rows', class: 'n narrow-off', text: one => count(one.rows)},
  ]);
  const box = panel('Top statements', grid.element);
  box.hidden = true;
  const load = () => ask('/api/statements?of=' + encodeURIComponent(name)).then(all => { box.hidden = all.length === 0; grid.update(all, one => one.id); }, () => {});
  box.loaded = load();
  again(10, () => box.isConnected, load);
  return box;
}

/** Whom a statement is run for, and what was traced of that. */
function runsFor(statement) {
  if (statement.reader) return [link(statement.reader, 'reader', statement.reader), h('div', {class: 'sub'}, link('traces', 'traces', statement.reader))];
  if (statement.saga) return [link(`saga ${statement.saga}`, 'sagas', statement.saga), h('div', {class: 'sub'}, link('traces', 'traces', statement.saga))];
  return h('span', {class: 'faint'}, '–');
}

const latency = [{field: 'p50', class: 'low'}, {field: 'p99', class: 'high'}];
const only = field => [{field, class: 'high'}];

/** Shows the first panel that there is of some, and has the keyboard begin there. */
function lead(names) {
  const panel = names.map(name => main.querySelector(`section[aria-label="${name}"]`)).find(panel => panel && !panel.hidden);
  if (!panel) return;
  panel.setAttribute('tabindex', '-1');
  panel.focus({preventScroll: true});
  panel.scrollIntoView({block: 'start'});
}

const storePage = (name, part) => {
  const find = overview => overview.stores.find(row => row.name === name);
  if (!find(fleet)) return gone(`store ${name}`, find);
  const statements = topStatements(name), traces = slowestTraces(name);
  const head = h('div'), streams = new Grid('Its stream', streamColumns), readers = new Grid('What reads for it', readerColumns);
  const own = fleet.streams.some(row => row.service === name), reads = fleet.readers.some(row => row.service === name);
  main.replaceChildren(head, charts('store ' + name, [
    {title: 'p50 / p99', lines: latency, text: seconds}, {title: 'Operations a second', lines: only('rate'), text: rate},
    {title: 'Saturation', lines: only('age'), text: percent}, {title: 'Errors a minute', lines: only('errors'), text: rate}]),
  ...(own ? [panel('Its outbox and stream', streams.element)] : []), ...(reads ? [panel('What it reads', readers.element)] : []), statements, traces, signals(name));
  if (part) Promise.all([statements.loaded, traces.loaded]).then(() => { if (statements.isConnected) lead(part === 'latency' ? ['Top statements', 'Slowest traces', 'History'] : []); });
  return {update(overview) {
    const row = find(overview);
    if (!row) return;
    head.replaceChildren(title(`${row.engine === 'sqlite' ? 'SQLite' : 'PostgreSQL'} store · ${row.role}`, name, row), reasons(row), h('section', {class: 'panel', 'aria-label': 'Now'}, facts([
      ['p50', seconds(row.p50)], ['p99', seconds(row.p99)], [row.isServerCount ? 'Transactions/s' : 'Flotilla\u2019s transactions/s', rate(row.operations)],
      ['Errors/min', rate(row.errors)], ['Saturation', [percent(row.saturation), known(row.saturation) && row.saturationOf ? h('span', {class: 'sub'}, row.saturationOf) : '']]])));
    streams.update(overview.streams.filter(one => one.service === name), one => one.name, one => one.level);
    readers.update(overview.readers.filter(one => one.service === name), readerKey, one => one.level);
  }};
};

const streamPage = name => {
  const find = overview => overview.streams.find(row => row.name === name);
  if (!find(fleet)) return gone(`stream ${name}`, find);
  const head = h('div'), readers = new Grid('Who reads it', readerColumns, {empty: 'Nobody reads it.'});
  main.replaceChildren(head, panel('Who reads it', readers.element), charts('stream ' + name, [
    {title: 'Events a second', lines: only('rate'), text: rate}, {title: 'p50 / p99 to the broker', lines: latency, text: seconds},
    {title: 'Oldest in the outbox', lines: only('age'), text: seconds}, {title: 'In the outbox', lines: only('depth'), text: count}]), slowestTraces(name), signals(name));
  return {update(overview) {
    const row = find(overview);
    if (!row) return;
    head.replaceChildren(title('stream', name, row), reasons(row), h('section', {class: 'panel', 'aria-label': 'Now'}, facts([
      ['Published by', link(row.service, 'store', row.service)], ['Events/s', rate(row.rate)], ['In the outbox', count(row.depth)], ['Oldest', row.age ? seconds(row.age) : '–'],
      ['p50 to the broker', seconds(row.p50)], ['p99', seconds(row.p99)], ['Records', count(row.records)], ['Size', bytes(row.bytes)],
      ['Parked', row.parked ? link(count(row.parked), 'parked') : '0'], ['Waiting', count(row.waiting)]])));
    readers.update(overview.readers.filter(one => one.stream === name), readerKey, one => one.level);
  }};
};

const readerPage = (name, stream) => {
  const find = overview => overview.readers.find(row => row.name === name && (!stream || row.stream === stream));
  const first = find(fleet);
  if (!first) return gone(`reader ${name}`, find);
  const head = h('div');
  main.replaceChildren(head, charts(`reader ${name} ${first.stream}`, [
    {title: 'p50 / p99 end to end', lines: latency, text: seconds}, {title: 'Events a second', lines: only('rate'), text: rate},
    {title: 'Age of the oldest not taken', lines: only('age'), text: seconds}, {title: 'Behind', lines: only('depth'), text: count}]), slowestTraces(name), signals(name, first.stream));
  return {update(overview) {
    const row = find(overview);
    if (!row) return;
    const parked = row.parked + row.retrying + row.waiting;
    head.replaceChildren(title(row.kind, name, row), reasons(row), h('section', {class: 'panel', 'aria-label': 'Now'}, facts([
      ['In', row.kind === 'flow' || row.kind === 'sagas' ? row.service : link(row.service, 'store', row.service)], ['Reads', link(row.stream, 'stream', row.stream)], ['Events/s', rate(row.rate)], ['Behind', count(row.lag)],
      ['Oldest', row.age ? seconds(row.age) : '–'], ['p50 end to end', seconds(row.p50)], ['p99', seconds(row.p99)],
      ['Parked', parked ? link(count(row.parked), 'parked') : '0'], ['Tried again', count(row.retrying)], ['Waiting', count(row.waiting)]])));
  }};
};
