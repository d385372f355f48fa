// Sagas and flows.

const sagaLevel = status => status === 'parked' ? 'warning' : status === 'compensating' ? 'paused' : 'good';
function statusSign(status, level) { return h('span', {}, h('span', {class: 'sign', 'data-level': level, 'aria-hidden': 'true'}, levels[level].sign), status); }

/** The youngest; those that need somebody stand before them, however old they are. */
function listing(title, columns, url, statuses, urgent, key) {
  let status = '';
  const grid = new Grid(title, columns, {empty: 'None.'});
  const trouble = h('p', {class: 'body trouble', hidden: true});
  const choice = h('select', {'aria-label': 'Status', onchange: event => { status = event.target.value; load(); }}, h('option', {value: ''}, 'every status'), statuses.map(one => h('option', {value: one}, one)));
  async function load() {
    try {
      const of = status => ask(url + (status ? (url.includes('?') ? '&' : '?') + 'status=' + status : ''));
      grid.update((await Promise.all(status ? [of(status)] : [of(urgent), of('')])).flat(), key);
      trouble.hidden = true;
    } catch (error) { trouble.hidden = false; trouble.textContent = error.message; }
  }
  load();
  again(5, () => grid.element.isConnected, load);
  return h('section', {class: 'panel', 'aria-label': title}, h('div', {class: 'top'}, h('h2', {}, title), h('span', {class: 'faint small'}, 'the youngest 200'), h('span', {class: 'spring'}), choice), trouble, grid.element);
}

const sagasPage = name => {
  const grid = new Grid('Sagas by name', [
    stateColumn, {head: 'Saga', isName: true, class: 'name', stamp: row => row.name, draw: row => link(row.name, 'sagas', row.name)},
    ...['running', 'compensating', 'stuck', 'completed', 'compensated', 'rejected'].map(field => ({head: field, class: 'n', text: row => count(row[field])})),
    {head: 'Trouble', class: 'why wide', text: row => row.error || ''}]);
  main.replaceChildren(h('div', {class: 'title'}, h('h1', {}, name ? `Saga ${name}` : 'Sagas')), panel('By name', grid.element),
    listing('Sagas', [
      {head: 'Saga', isName: true, class: 'mono', stamp: row => row.id, draw: row => link(row.id, 'saga', row.id)},
      {head: 'Status', stamp: row => row.status, draw: row => statusSign(row.status, sagaLevel(row.status))},
      {head: 'Started', class: 'n', text: row => when(row.startedAt)}, {head: 'Ended', class: 'n narrow-off', text: row => when(row.endedAt)}],
    '/api/sagas' + (name ? '?name=' + encodeURIComponent(name) : ''), ['running', 'compensating', 'parked', 'completed', 'compensated', 'rejected'], 'parked', row => row.id));
  return {update(overview) { grid.update(overview.sagas.filter(row => !name || row.name === name), row => row.name, row => row.level); }};
};

const sagaPage = id => reloading('/api/saga?id=' + encodeURIComponent(id), saga => {
  const grid = new Grid('Steps', [
    {head: 'State', unseen: true, class: 'state', stamp: row => row.isParked, draw: row => sign(row.isParked ? 'warning' : 'good')},
    {head: 'Step', isName: true, class: 'name', text: row => row.step}, {head: 'Status', text: row => row.status}, {head: 'Attempts', class: 'n', text: row => row.attempts},
    {head: 'Took', class: 'n narrow-off', text: row => row.endedAt ? seconds((new Date(row.endedAt) - new Date(row.startedAt)) / 1000) : '–'},
    {head: 'Undone', text: row => row.undone || '–'}, {head: 'Why', class: 'why', text: row => row.why || ''}], {class: 'steps'});
  grid.update([...saga.steps, ...saga.unbegun.map(step => ({step, status: saga.outcome ? 'not run' : 'not begun', attempts: 0}))], row => row.step, row => row.isParked ? 'warning' : null);
  const notes = h('ol', {class: 'moments'}, saga.notes.slice().reverse().map(note => h('li', {}, h('time', {class: 'dim', title: when(note.at)}, when(note.at).slice(11)), h('span', {class: 'faint'}, note.kind), h('span', {class: 'text'}, note.text))));
  main.replaceChildren(h('div', {class: 'title'}, sign(sagaLevel(saga.status)), h('h1', {class: 'mono'}, saga.id), h('span', {class: 'faint'}, 'saga')),
    h('section', {class: 'panel', 'aria-label': 'Now'}, facts([['Status', saga.status + (saga.isOverdue ? ', overdue' : '')], ['Started', when(saga.startedAt)], ['Deadline', when(saga.deadline)], ...(saga.outcome ? [['Outcome', saga.outcome]] : []), ...(saga.stop ? [['Is undone', saga.stop]] : []), ...(saga.trace ? [['Trace', link(saga.trace.slice(0, 8) + '…', 'trace', saga.trace)]] : [])])),
    panel('Steps', grid.element), ...(saga.notes.length ? [panel('Notes', notes)] : []),
    ...(saga.status === 'parked' ? [h('p', {class: 'dim'}, 'To act on it: ', h('code', {}, `flotilla sagas retry ${saga.id}`), ', skip or resolve; cancel where its pivot is not done.')] : []));
});

const flowLevel = row => row.status === 'stuck' ? 'warning' : row.status === 'failed' ? 'paused' : 'good';
const flowsPage = name => {
  const grid = new Grid('Flows by name', [
    stateColumn, {head: 'Flow', isName: true, class: 'name', stamp: row => row.name, draw: row => link(row.name, 'flows', row.name)},
    ...[['running', 'running'], ['stuck', 'stuck'], ['ended', 'ended'], ['failed', 'failed'], ['outOfOrder', 'out of order'], ['late', 'late']].map(([field, head]) => ({head, class: 'n', text: row => count(row[field])})),
    {head: 'Trouble', class: 'why wide', text: row => row.error || ''}]);
  main.replaceChildren(h('div', {class: 'title'}, h('h1', {}, name ? `Flow ${name}` : 'Flows')), panel('By name', grid.element),
    listing('Runs', [
      {head: 'Key', isName: true, class: 'mono', stamp: row => row.key, draw: row => link(row.key, 'flow', row.flow, row.key)}, {head: 'Flow', class: 'narrow-off', text: row => row.flow},
      {head: 'Status', stamp: row => row.status, draw: row => statusSign(row.status, flowLevel(row))},
      {head: 'Steps', class: 'n', text: row => { const steps = row.steps.filter(step => step.time || step.role !== 'fail'); return `${steps.filter(step => step.time).length} of ${steps.length}`; }}, {head: 'Changed', class: 'n', text: row => when(row.changed_at)},
      {head: 'Findings', class: 'why', text: row => row.findings.filter(one => !one.cleared_at).map(one => one.text).join(' · ')}],
    '/api/flows' + (name ? '?name=' + encodeURIComponent(name) : ''), ['unstarted', 'running', 'stuck', 'ended', 'failed', 'out-of-order', 'late'], 'stuck', row => row.flow + ' ' + row.key));
  return {update(overview) { grid.update(overview.flows.filter(row => !name || row.name === name), row => row.name, row => row.level); }};
};

const flowPage = (name, key) => reloading(`/api/flow?name=${encodeURIComponent(name)}&id=${encodeURIComponent(key)}`, run => {
  const grid = new Grid('Steps', [
    {head: 'Event', isName: true, class: 'name', text: row => row.event}, {head: 'Role', text: row => row.role}, {head: 'Came', class: 'n', text: row => row.time ? when(row.time) : 'not yet'},
    {head: 'Due', class: 'n', text: row => when(row.due)}, {head: 'Repeated', class: 'n narrow-off', text: row => row.repetition_count || '–'}]);
  grid.update(run.steps, row => row.event);
  main.replaceChildren(h('div', {class: 'title'}, sign(flowLevel(run)), h('h1', {class: 'mono'}, run.key), h('span', {class: 'faint'}, `run of flow ${run.flow}`)),
    h('section', {class: 'panel', 'aria-label': 'Now'}, facts([['Status', run.status], ['Started', when(run.started_at)], ['Ended', when(run.ended_at)], ['Changed', when(run.changed_at)]])), panel('Steps', grid.element),
    ...(run.findings.length ? [panel('Findings', h('ul', {class: 'body'}, run.findings.map(one => h('li', {}, one.text + (one.cleared_at ? ' (cleared)' : '')))))] : []));
});
