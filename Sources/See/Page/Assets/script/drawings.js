// Sparklines, bars and charts.

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_';

function line(values, width, height, top) {
  let text = '', pen = 'M';
  values.forEach((value, index) => {
    if (!known(value)) { pen = 'M'; return; }
    const x = values.length > 1 ? index / (values.length - 1) * width : 0;
    text += `${pen}${x.toFixed(1)} ${(height - (top > 0 ? Math.min(1, value / top) : 0) * (height - 3) - 1.5).toFixed(1)}`;
    pen = 'L';
  });
  return text;
}

function sparkline(spark) {
  if (!spark) return h('span', {class: 'faint'}, '–');
  const read = text => [...text].map(digit => digit === '.' ? null : digits.indexOf(digit));
  const [low, high] = [read(spark.low), read(spark.high)];
  return s('svg', {class: 'spark', viewBox: '0 0 128 24', role: 'img', 'aria-label': `p50 and p99 of the last hour, at most ${seconds(spark.top)}`, preserveAspectRatio: 'none'},
    s('path', {class: 'low', d: line(low, 128, 24, 63)}), s('path', {class: 'high', d: line(high, 128, 24, 63)}));
}

function bar(share) {
  const level = share >= 0.95 ? 'bad' : share >= 0.8 ? 'warning' : 'good';
  const inner = h('i');
  inner.style.width = Math.min(100, share * 100) + '%';
  return h('span', {class: 'bar', 'data-level': level, 'aria-hidden': 'true'}, inner);
}

/** One or two lines over time, with what they are at the pointer. */
function chart(title, data, lines, text) {
  const [width, height] = [400, 92];
  const at = data.at;
  const values = lines.flatMap(one => data.fields[one.field] || []).filter(value => value !== null);
  const last = lines.map(one => (data.fields[one.field] || []).at(-1));
  const figure = s('svg', {viewBox: `0 0 ${width} ${height}`, role: 'img', preserveAspectRatio: 'none'});
  const value = h('span', {}, values.length ? last.map(text).join(' / ') : '–');
  const most = h('span', {class: 'most', 'aria-hidden': 'true'}), begin = h('span'), end = h('span', {}, 'now');
  const frame = h('div', {class: 'chart'}, h('h3', {}, title, value), most, figure, h('div', {class: 'ends', 'aria-hidden': 'true'}, begin, end));
  const whole = data.step * (data.step === 10 ? 360 : 720);
  // What is shown may be held, and this be asked for since.
  const now = Math.max(Math.floor(fleet ? fleet.at : Date.now() / 1000), ...at.slice(-1));
  // A short past fills the whole width.
  const span = at.length ? Math.min(whole, Math.max(data.step * 18, now - at[0])) : whole;
  set(begin, clock(now - span).slice(0, 5));
  if (!values.length) {
    figure.setAttribute('aria-label', title + ': nothing was measured yet');
    set(most, 'nothing was measured yet');
    return frame;
  }
  const top = Math.max(...values) || 1;
  set(most, text(Math.max(...values)));
  figure.setAttribute('aria-label', `${title}: now ${last.map(text).join(' and ')}, at most ${text(Math.max(...values))} in the time shown`);
  const place = moment => width - (now - moment) / span * width;
  const level = number => (height - 2 - number / top * (height - 18)).toFixed(1);
  for (const one of lines) {
    const runs = [[]];
    (data.fields[one.field] || []).forEach((number, index) => {
      const run = runs.at(-1), before = run.at(-1);
      if (number === null) { if (run.length) runs.push([]); return; }
      if (before && at[index] - before[0] > data.step * 3) runs.push([]);
      runs.at(-1).push([at[index], number]);
    });
    for (const run of runs.filter(run => run.length)) {
      const d = run.map(([moment, number]) => `${place(moment).toFixed(1)} ${level(number)}`).join('L');
      if (one.class === 'high') figure.append(s('path', {class: 'area', d: `M${place(run[0][0]).toFixed(1)} ${height}L${d}L${place(run.at(-1)[0]).toFixed(1)} ${height}Z`}));
      figure.append(s('path', {class: one.class, d: `M${d}${run.length === 1 ? 'h1' : ''}`, 'vector-effect': 'non-scaling-stroke'}));
    }
  }
  const cursor = s('line', {class: 'cursor', y1: 0, y2: height, visibility: 'hidden', 'vector-effect': 'non-scaling-stroke'});
  figure.append(cursor);
  figure.addEventListener('pointermove', event => {
    const box = figure.getBoundingClientRect();
    const moment = now - (1 - (event.clientX - box.left) / box.width) * span;
    let nearest = 0;
    at.forEach((one, index) => { if (Math.abs(one - moment) < Math.abs(at[nearest] - moment)) nearest = index; });
    mark(cursor, 'x1', place(at[nearest]));
    mark(cursor, 'x2', place(at[nearest]));
    mark(cursor, 'visibility', 'visible');
    set(value, `${clock(at[nearest])}  ${lines.map(one => text(data.fields[one.field][nearest])).join(' / ')}`);
  });
  figure.addEventListener('pointerleave', () => { mark(cursor, 'visibility', 'hidden'); set(value, last.map(text).join(' / ')); });
  return frame;
}

/** The charts of something, of the last hour or the last day. */
function charts(name, kinds) {
  let span = 'hour', timer = null;
  const area = h('div', {class: 'charts body'}, h('p', {class: 'faint'}, 'Asking …'));
  const buttons = ['hour', 'day'].map(one => h('button', {class: 'quiet', 'aria-pressed': String(one === span), onclick: () => {
    span = one;
    buttons.forEach((button, index) => button.setAttribute('aria-pressed', String(['hour', 'day'][index] === span)));
    load();
  }}, one === 'hour' ? 'Last hour' : 'Last 24 hours'));
  async function load() {
    try {
      const data = await ask(`/api/history?of=${encodeURIComponent(name)}&span=${span}`);
      if (!area.isConnected && timer) return;
      area.replaceChildren(...kinds.map(kind => chart(kind.title, data, kind.lines, kind.text)));
    } catch (error) { area.replaceChildren(h('p', {class: 'trouble'}, error.message)); }
  }
  load();
  timer = again(10, () => area.isConnected, () => { if (!area.matches(':hover')) load(); });
  return h('section', {class: 'panel', 'aria-label': 'History'}, h('div', {class: 'top'}, h('h2', {}, 'History'), h('span', {class: 'spring'}), h('span', {class: 'group'}, buttons)), area);
}
