// Objectives, their budgets and burn lights.

function objectivesOf(name) {
  return (fleet.objectives || []).filter(one => one.subject.kind !== 'saga' && (one.subject.name === name || one.subject.name.startsWith(name + '.')));
}
function lights(one) {
  const burning = one.burns.filter(burn => burn.firing);
  return h('span', {class: 'lights', role: 'img', 'aria-label': burning.length ? 'burns too fast: ' + burning.map(burn => `${burn.severity}, over ${seconds(burn.long_window)}`).join('; ') : 'no burn light is on'},
    one.burns.map(burn => h('i', {'data-burns': burn.firing ? burn.severity : null, title: `${burn.severity}: ${few(burn.long || 0)}× over ${seconds(burn.long_window)}, ${few(burn.short || 0)}× over ${seconds(burn.short_window)}; fires beyond ${few(burn.limit)}×`}, burn.firing ? '!' : '')));
}
function budget(own) {
  if (!own.length) return h('span', {class: 'faint'}, '–');
  const least = own.reduce((least, one) => (one.budget_left ?? 9) < (least.budget_left ?? 9) ? one : least);
  return [h('span', {title: least.name}, left(least.budget_left) + ' '), lights({burns: least.burns.map((burn, index) => own.map(one => one.burns[index]).find(one => one && one.firing) || burn)})];
}
/** Which of them spends its budget fastest, over the first of its windows that says; `null` where none spends any. */
function fastestBurner(overview) {
  const all = (overview.objectives || []).map(one => ({one, burn: Math.max(0, ...one.burns.map(burn => burn.long || 0))}));
  return all.filter(found => found.burn > 0).sort((a, b) => b.burn - a.burn)[0] || null;
}
const objectiveLevel = one => one.state === 'breached' ? 'bad' : one.state === 'burning' ? 'warning' : 'good';
function objectivePanel() {
  const head = h('span', {class: 'dim'});
  const grid = new Grid('Objectives', [
    {head: 'State', unseen: true, class: 'state', stamp: objectiveLevel, draw: one => sign(objectiveLevel(one))},
    {head: 'Objective', isName: true, class: 'name', stamp: one => one.name + (one.reason || ''), draw: one => [h('span', {}, one.name), narrowWhy(one.reason)]},
    {head: 'Target', class: 'n narrow-off', text: one => target(one.target)},
    {head: 'Budget left', class: 'n', text: one => left(one.budget_left)},
    {head: 'Lights', stamp: one => JSON.stringify(one.burns), draw: lights},
    {head: 'Exhausted in', class: 'n', text: one => one.budget_left <= 0 ? 'spent' : known(one.hours_to_exhaustion) ? seconds(one.hours_to_exhaustion * 3600) : '–'},
    {head: 'Counted', class: 'n narrow-off', text: one => count(one.total)},
    {head: 'Why', class: 'why wide', text: one => one.reason || ''},
  ], {empty: 'none'});
  return {
    element: h('section', {class: 'panel', 'aria-label': 'Objectives'}, h('div', {class: 'top'}, h('h2', {}, 'Objectives'), head), grid.element),
    update(overview) {
      const all = overview.objectives || [];
      const breached = all.filter(one => one.state === 'breached').length;
      set(head, `${breached} of ${all.length} in breach`);
      // What is worst stands first; of equals what has least left.
      const rest = one => one.budget_left ?? 9;
      grid.update(all.slice().sort((a, b) => ranks[objectiveLevel(b)] - ranks[objectiveLevel(a)] || rest(a) - rest(b)), one => one.name, objectiveLevel);
    },
  };
}
