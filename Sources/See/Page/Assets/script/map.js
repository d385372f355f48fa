// Services, their streams, and who reads them.

const mapPage = () => {
  const area = h('div', {class: 'scroll body', tabindex: '0', role: 'region', 'aria-label': 'Map; the same is on the page Streams as tables'});
  let filter = '', shape = '';
  let parts = null;
  main.replaceChildren(h('div', {class: 'title'}, h('h1', {}, 'Map'), h('span', {class: 'faint'}, 'services, their streams, and who reads them'), h('span', {class: 'spring'}), filterField('the map', text => { filter = text; page.update(fleet); })),
    h('section', {class: 'panel', 'aria-label': 'Map'}, area));
  return {update(overview) {
    const streams = overview.streams.slice().sort((a, b) => a.name < b.name ? -1 : 1).filter(row => !filter || row.name.toLowerCase().includes(filter) || overview.readers.some(one => one.stream === row.name && one.name.toLowerCase().includes(filter)));
    const readers = overview.readers.filter(row => streams.some(one => one.name === row.stream));
    const now = JSON.stringify([streams.map(row => row.name), readers.map(readerKey).sort()]);
    if (now !== shape) { shape = now; parts = drawMap(streams, readers); area.replaceChildren(parts.drawing); }
    parts.update(overview);
  }};
};

/** Services on the left, their streams in the middle, readers on the right: those in the order that has the fewest crossings. */
function drawMap(streams, readers) {
  const place = new Map(streams.map((row, index) => [row.name, index]));
  const groups = new Map();
  for (const row of readers) {
    if (!groups.has(row.name)) groups.set(row.name, {name: row.name, kind: row.kind, ports: []});
    groups.get(row.name).ports.push(row);
  }
  const order = [...groups.values()];
  for (const group of order) {
    group.ports.sort((a, b) => place.get(a.stream) - place.get(b.stream));
    group.weight = group.ports.reduce((sum, row) => sum + place.get(row.stream), 0) / group.ports.length;
  }
  order.sort((a, b) => a.weight - b.weight || (a.name < b.name ? -1 : 1));
  const [width, left, middle, right, line, gap] = [1180, 8, 330, 860, 18, 12];
  let y = 10;
  for (const group of order) { group.y = y; group.height = 24 + group.ports.length * line; y += group.height + gap; }
  const height = Math.max(y, streams.length * 58) + 10;
  // Streams stand in the middle of those who read them, in their order, and not on one another.
  let floor = 10;
  const free = Math.max(0, height - 20 - streams.length * 46);
  const wanted = streams.map(row => {
    const ports = order.flatMap(group => group.ports.map((port, index) => port.stream === row.name ? group.y + 24 + index * line : null)).filter(known);
    return ports.length ? ports.reduce((a, b) => a + b, 0) / ports.length - 20 : null;
  });
  const spots = new Map();
  streams.forEach((row, index) => {
    const ceiling = 10 + free + index * 46;
    const spot = Math.min(ceiling, Math.max(floor, wanted[index] ?? floor));
    spots.set(row.name, spot);
    floor = spot + 46;
  });
  const drawing = s('svg', {class: 'map', viewBox: `0 0 ${width} ${height}`});
  const edges = s('g'), nodes = s('g'), labels = s('g');
  drawing.append(edges, nodes, labels);
  const updates = [];
  const short = (text, most) => text.length > most ? text.slice(0, most - 1) + '…' : text;
  function node(x, y, wide, high, href, text) {
    const anchor = s('a', {href, class: 'plain'});
    const box = s('g', {class: 'node'}, s('rect', {x, y, width: wide, height: high, rx: 7}), s('text', {class: 'title-text', x: x + 11, y: y + 17}, short(text, 34)), s('title', {}, text));
    anchor.append(box);
    nodes.append(anchor);
    return {box, anchor};
  }
  function edge(x1, y1, x2, y2) {
    // The end is straight: what is told of the arrow stands over it.
    const turn = x2 - Math.min(150, (x2 - x1) / 2), bend = (turn - x1) / 2;
    const d = `M${x1} ${y1}C${x1 + bend} ${y1} ${turn - bend} ${y2} ${turn} ${y2}H${x2}`;
    const under = s('path', {class: 'edge', d}), over = s('path', {class: 'flow', d, visibility: 'hidden'});
    const label = s('text', {class: 'label', x: x2 - 8, y: y2 - 4, 'text-anchor': 'end'});
    edges.append(under, over);
    labels.append(label);
    return (level, flow, text) => {
      mark(under, 'data-level', level === 'good' ? null : level);
      under.setAttribute('stroke-width', flow > 0 ? Math.min(5, 1.2 + Math.log10(1 + flow)) : 1.2);
      mark(over, 'visibility', flow > 0 && level !== 'paused' ? 'visible' : 'hidden');
      over.style.animationDuration = Math.max(0.25, 1.6 - Math.log10(1 + flow) * 0.4) + 's';
      mark(label, 'data-level', level === 'good' ? null : level);
      set(label, (level === 'good' ? '' : levels[level].sign + ' ') + text);
    };
  }
  for (const row of streams) {
    const y = spots.get(row.name);
    const service = node(left, y, 150, 38, path('store', row.service), row.service), stream = node(middle, y, 190, 38, path('stream', row.name), row.name);
    const engine = s('text', {class: 'faint-text', x: left + 11, y: y + 31}), records = s('text', {class: 'faint-text', x: middle + 11, y: y + 31});
    service.box.append(engine);
    stream.box.append(records);
    const draw = edge(left + 150, y + 19, middle, y + 19);
    updates.push(overview => {
      const now = overview.streams.find(one => one.name === row.name), store = overview.stores.find(one => one.name === row.service);
      if (!now) return;
      if (store) { mark(service.box, 'data-level', store.level); set(engine, store.engine === 'sqlite' ? 'SQLite' : 'PostgreSQL'); }
      mark(stream.box, 'data-level', now.level);
      set(records, `${count(now.records)} records · ${bytes(now.bytes)}`);
      draw(now.level, now.rate || 0, `${rate(now.rate)}/s` + (now.depth ? ` · ${count(now.depth)} wait` + (now.age ? `, ${seconds(now.age)}` : '') : ''));
      mark(service.anchor, 'aria-label', `Service ${row.service}, ${levels[store ? store.level : 'good'].word}`);
      mark(stream.anchor, 'aria-label', `Stream ${row.name}, ${levels[now.level].word}, ${rate(now.rate)} events a second, ${count(now.depth)} in the outbox`);
    });
  }
  for (const group of order) {
    const box = node(right, group.y, width - right - 8, group.height, path('reader', group.name, group.ports[0].stream), group.name);
    box.box.append(s('text', {class: 'faint-text', x: width - 18, y: group.y + 17, 'text-anchor': 'end'}, group.kind));
    group.ports.forEach((port, index) => {
      const y = group.y + 24 + index * line + 6;
      const text = s('text', {class: 'faint-text', x: right + 11, y: y + 4});
      box.box.append(text);
      const draw = edge(middle + 190, spots.get(port.stream) + 19, right, y);
      updates.push(overview => {
        const now = overview.readers.find(one => one.name === port.name && one.stream === port.stream);
        if (!now) return;
        set(text, `${now.source}: ${known(now.p99) ? 'p99 ' + seconds(now.p99) : now.rate > 0 ? 'at work' : 'idle'}${now.parked ? ` · ${now.parked} parked` : ''}`);
        draw(now.level, now.rate || 0, `${rate(now.rate)}/s` + (now.lag ? ` · ${count(now.lag)} behind` + (now.age ? `, ${seconds(now.age)}` : '') : ''));
      });
    });
    updates.push(overview => {
      const own = overview.readers.filter(one => one.name === group.name);
      const level = own.reduce((level, one) => ranks[one.level] > ranks[level] ? one.level : level, 'good');
      mark(box.box, 'data-level', level);
      mark(box.anchor, 'aria-label', `${group.kind} ${group.name}, ${levels[level].word}; ` + own.map(one => `from ${one.source}: ${rate(one.rate)} events a second, ${count(one.lag)} behind`).join('; '));
    });
  }
  return {drawing, update(overview) { for (const update of updates) update(overview); }};
}
