// The fleet at a glance.

const overviewPage = () => {
  const notice = h('div', {class: 'notice', role: 'alert', hidden: true});
  const strip = h('dl', {class: 'strip', 'aria-label': 'How late things are'});
  const cells = new Map();
  let filter = '';
  const storeCount = h('span', {class: 'faint small'});
  const hasAny = overview => (overview.objectives || []).length > 0, hasObjectives = hasAny(fleet);
  const stores = new Grid('Stores, the worst first', [
    stateColumn,
    {head: 'Store', isName: true, class: 'name', stamp: row => row.name + row.role + (row.why || [])[0], draw: row => [link(row.name, 'store', row.name), h('div', {class: 'sub'}, row.role), narrowWhy((row.why || [])[0])]},
    {head: 'Engine', class: 'narrow-off dim', text: row => row.engine === 'postgresql' ? 'PostgreSQL' : row.engine === 'sqlite' ? 'SQLite' : row.engine},
    ...(hasObjectives ? [{head: 'Budget left', class: 'narrow-off nw', hint: 'The least of its objectives, with the four burn lights', stamp: row => JSON.stringify(objectivesOf(row.name)), draw: row => budget(objectivesOf(row.name))}] : []),
    {head: 'Latency', class: 'narrow-off', hint: 'The last hour at most: p50 and p99 of Flotilla\u2019s transactions there', stamp: row => row.spark ? row.spark.low + row.spark.high + row.spark.top : '', draw: row => sparkline(row.spark)},
    {head: 'p50 / p99', class: 'n', hint: 'Leads to what takes the time', stamp: row => `${row.p50} ${row.p99}`, draw: row => known(row.p50) ? link(`${seconds(row.p50)} / ${seconds(row.p99)}`, 'store', row.name, 'latency') : h('span', {}, '–')},
    {head: 'Operations/s', class: 'n', hint: 'Transactions of all who use the store where its server counts them, else Flotilla\u2019s own', text: row => rate(row.operations)},
    {head: 'Errors/min', class: 'n narrow-off', text: row => rate(row.errors)},
    {head: 'Saturation', class: 'n narrow-off', stamp: row => `${row.saturation} ${row.saturationOf}`, draw: row => known(row.saturation) ? [h('span', {}, percent(row.saturation), bar(row.saturation)), row.saturationOf ? h('div', {class: 'sub'}, row.saturationOf) : ''] : h('span', {class: 'faint'}, '–')},
    {...whyColumn, class: 'why wide'},
  ], {empty: 'no store of this name'});
  const storePanel = h('section', {class: 'panel', 'aria-label': 'Stores'},
    h('div', {class: 'top'}, h('h2', {}, 'Stores'), storeCount, h('span', {class: 'spring'}), filterField('stores', text => { filter = text; page.update(fleet); })), stores.element);
  const bombs = new Grid('What will break if nobody does anything', [
    stateColumn,
    {head: 'What', isName: true, class: 'name', text: row => row.what},
    {head: 'Where', text: row => row.of},
    {head: 'Now', class: 'n', text: row => amount(row.value, row.unit)},
    {head: 'Of', class: 'n', text: row => known(row.limit) ? percent(row.value / row.limit) : '–'},
    {head: 'Cure', class: 'dim wide', text: row => row.level === 'good' ? '' : row.cure},
  ], {empty: 'Nothing that is known grows towards a limit.'});
  const axis = h('div', {class: 'body'});
  const moments = h('ol', {class: 'moments', tabindex: '0', 'aria-label': 'What happened, the youngest first'});
  const carried = h('div');
  const objectives = hasObjectives ? objectivePanel() : null;
  main.replaceChildren(h('h1', {class: 'unseen'}, 'Overview'), notice, strip, ...(objectives ? [objectives.element] : []), storePanel,
    h('div', {class: 'columns'}, panel('Time bombs', bombs.element), panel('What happened in 24 hours', axis, moments)));
  let drawn = '';
  return {isOutdated: overview => hasAny(overview) !== hasObjectives, update(overview) {
    const troubles = overview.troubles.map(one => `${one.part}: ${one.reason}`);
    if (!overview.isCarried && overview.carrier) troubles.unshift(overview.carrier);
    const stamp = troubles.join('\n');
    if (notice.dataset.stamp !== stamp) {
      notice.dataset.stamp = stamp;
      notice.hidden = troubles.length === 0;
      notice.replaceChildren(h('b', {}, overview.isCarried ? 'The fleet is not ready' : 'This process does not carry the fleet'), h('ul', {}, troubles.slice(0, 8).map(text => h('li', {}, text)), troubles.length > 8 ? h('li', {}, `and ${troubles.length - 8} more`) : null));
    }
    for (const lag of [...headline(overview), ...overview.strip]) {
      let cell = cells.get(lag.what);
      if (!cell) {
        const value = lag.href || leads[lag.what] ? h('a', {href: lag.href || leads[lag.what]}) : h('span');
        cell = {box: h('div'), sign: h('span', {class: 'sign'}), value, of: h('dd', {class: 'of'})};
        cell.box.append(h('dt', {}, lag.what, cell.sign), h('dd', {}, value), cell.of);
        cells.set(lag.what, cell);
        strip.append(cell.box);
      }
      if (lag.href) mark(cell.value, 'href', lag.href);
      mark(cell.box, 'data-level', lag.level === 'good' ? null : lag.level);
      set(cell.sign, lag.level === 'good' ? '' : levels[lag.level].sign);
      mark(cell.sign, 'aria-label', lag.level === 'good' ? null : levels[lag.level].word);
      mark(cell.sign, 'data-level', lag.level);
      mark(cell.sign, 'role', lag.level === 'good' ? null : 'img');
      set(cell.value, lag.text || amount(lag.value, lag.unit));
      const says = lag.text || lag.value || (known(lag.value) && lag.level !== 'good');
      mark(cell.value, 'class', says ? null : 'nil');
      set(cell.of, says ? lag.of || '' : '');
    }
    const rows = overview.stores.filter(row => !filter || row.name.toLowerCase().includes(filter) || row.level.includes(filter));
    stores.update(rows, row => row.name, row => row.level);
    const well = overview.stores.filter(row => row.level === 'good').length;
    set(storeCount, overview.stores.length ? `${well} of ${overview.stores.length} well${filter ? `, ${rows.length} shown` : ''}` : '');
    set(stores.empty, overview.isCarried ? 'no store of this name' : 'Whoever carries the fleet knows its stores.');
    bombs.update(overview.bombs, row => row.what + row.of, row => row.level);
    if (objectives) objectives.update(overview);
    const story = JSON.stringify(overview.moments) + Math.floor(overview.at / 60) + axis.clientWidth;
    if (story === drawn) return;
    drawn = story;
    axis.replaceChildren(timeline(overview, Math.min(600, Math.max(280, axis.clientWidth - 28 || 600))));
    moments.replaceChildren(...(overview.moments.length ? overview.moments.slice().reverse().map(moment => h('li', {}, h('time', {class: 'dim', datetime: new Date(moment.at * 1000).toISOString()}, clock(moment.at)), h('span', {class: 'faint'}, moment.kind), h('span', {class: 'text'}, (moment.subject && !moment.text.includes(moment.subject) ? moment.subject + ': ' : '') + moment.text + often(moment)))) : [h('li', {class: 'faint'}, 'nothing')]));
  }};
};

/** How often something happened that came again and again. */
const often = moment => moment.count > 1 ? ` (${spaced(moment.count)} times since ${clock(moment.since ?? moment.at)})` : '';

/** Where what the strip tells of is shown whole. */
const leads = {'outbox age': '#/streams', 'delivery lag': '#/streams', 'end to end p99': '#/streams', 'parked events': '#/parked', 'stuck sagas': '#/sagas', 'stuck flows': '#/flows'};

/** What an operator looks at first: what is in breach, what will be next, and what is unusual. */
function headline(overview) {
  const breached = one => objectivesOf(one.name).some(objective => objective.state === 'breached');
  const stores = overview.stores.filter(one => one.level === 'bad' || breached(one));
  const cells = [{what: 'stores in breach', value: stores.length, unit: 'things', level: stores.length ? 'bad' : 'good', of: stores.map(one => one.name).join(', '), href: stores.length ? path('store', stores[0].name) : '#/'}];
  const burner = fastestBurner(overview);
  if (burner) {
    const level = objectiveLevel(burner.one);
    cells.push({what: 'fastest burner', value: burner.burn, unit: 'times', level, of: burner.one.name},
      {what: 'budget exhausted in', value: known(burner.one.hours_to_exhaustion) ? burner.one.hours_to_exhaustion * 3600 : null, unit: 'seconds', text: burner.one.budget_left <= 0 ? 'spent' : null, level, of: burner.one.name});
  }
  const anomalies = overview.anomalies || [];
  cells.push({what: 'open anomalies', value: anomalies.length, unit: 'things', level: anomalies.length ? 'warning' : 'good', of: anomalies.map(one => one.of).join(', ')});
  return cells;
}

function timeline(overview, width) {
  const begin = overview.at - 86400;
  const drawing = s('svg', {class: 'axis-strip', viewBox: `0 0 ${width} 46`, role: 'img', 'aria-label': `${overview.moments.length} events in 24 hours; they are listed below`, preserveAspectRatio: 'none'});
  drawing.setAttribute('preserveAspectRatio', 'xMidYMid meet');
  drawing.append(s('line', {x1: 0, x2: width, y1: 26, y2: 26}));
  const first = new Date(begin * 1000);
  first.setMinutes(0, 0, 0);
  for (let hour = 1; hour <= 24; hour += 1) {
    const at = first / 1000 + hour * 3600, date = new Date(at * 1000);
    const x = (at - begin) / 86400 * width;
    if (date.getHours() % 4 || at > overview.at || x < 14 || x > width - 14) continue;
    drawing.append(s('line', {x1: x, x2: x, y1: 26, y2: 31}), s('text', {x, y: 42, 'text-anchor': 'middle'}, two(date.getHours()) + ':00'));
  }
  const place = at => Math.max(3, Math.min(width - 3, (at - begin) / 86400 * width));
  for (const moment of overview.moments) {
    const x = place(moment.at);
    const mark = moment.kind === 'trouble' || moment.kind === 'alert' ? s('rect', {class: 'mark', 'data-kind': moment.kind, x: x - 3.5, y: 8, width: 7, height: 7})
      : moment.kind === 'recovery' || moment.kind === 'resolved' ? s('circle', {class: 'mark', 'data-kind': moment.kind, cx: x, cy: 12, r: 3.8})
        : s('path', {class: 'mark', 'data-kind': moment.kind, d: `M${x - 4} 16L${x + 4} 16L${x} 8Z`});
    mark.append(s('title', {}, `${clock(moment.at)} ${moment.kind} ${moment.text}${often(moment)}`));
    if (moment.count > 1) drawing.append(s('line', {class: 'lasting', 'data-kind': moment.kind, x1: place(moment.since ?? moment.at), x2: x, y1: 12, y2: 12}));
    drawing.append(s('line', {x1: x, x2: x, y1: 16, y2: 26}), mark);
  }
  return drawing;
}
