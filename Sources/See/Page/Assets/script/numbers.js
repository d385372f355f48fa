// How values are told.

const levels = {
  good: {sign: '●', word: 'well'}, warning: {sign: '▲', word: 'warning'},
  bad: {sign: '■', word: 'bad'}, paused: {sign: '‖', word: 'paused'},
};
const ranks = {good: 0, paused: 1, warning: 2, bad: 3};
const known = value => value !== undefined && value !== null;
const few = number => number >= 100 ? number.toFixed(0) : number >= 10 ? number.toFixed(1).replace(/\.0$/, '') : number.toFixed(2).replace(/\.?0+$/, '');
const spaced = number => String(Math.round(number)).replace(/\B(?=(\d{3})+(?!\d))/g, '\u202f');

function seconds(value) {
  if (!known(value)) return '–';
  if (value === 0) return '0 s';
  if (value < 0.001) return few(value * 1e6) + ' µs';
  if (value < 1) return few(value * 1000) + ' ms';
  if (value < 120) return few(value) + ' s';
  if (value < 7200) return few(value / 60) + ' min';
  if (value < 172800) return few(value / 3600) + ' h';
  return few(value / 86400) + ' d';
}
function bytes(value) {
  if (!known(value)) return '–';
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  while (value >= 1024 && unit < 4) { value /= 1024; unit += 1; }
  return few(value) + ' ' + units[unit];
}
function count(value) {
  if (!known(value)) return '–';
  if (value >= 1e9) return few(value / 1e9) + ' G';
  if (value >= 1e7) return few(value / 1e6) + ' M';
  return spaced(value);
}
function rate(value) { return !known(value) ? '–' : value >= 1000 ? spaced(value) : value === 0 ? '0' : value < 0.01 ? '<0.01' : few(value); }
/** A target, with all of its digits: 99.95 % is not 100 %. */
function target(value) { return known(value) ? String(Number((value * 100).toFixed(4))) + ' %' : '–'; }
/** What is left of a budget; what is spent of it, where that is more than all. */
function left(value) { return known(value) && value < 0 ? `spent ${few(1 - value)}×` : percent(value); }
function percent(value) { return known(value) ? few(value * 100) + ' %' : '–'; }
function amount(value, unit) {
  return unit === 'seconds' ? seconds(value) : unit === 'bytes' ? bytes(value) : unit === 'times' ? few(value) + '×' : count(value);
}
const two = number => String(number).padStart(2, '0');
function clock(at) { const date = new Date(at * 1000); return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`; }
function when(text) {
  if (!text) return '–';
  const date = new Date(text);
  return isNaN(date) ? text : `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${clock(date / 1000)}`;
}
function ago(text) { return text ? seconds(Math.max(0, Date.now() / 1000 - new Date(text) / 1000)) + ' ago' : ''; }

const path = (...parts) => '#/' + parts.map(encodeURIComponent).join('/');
const link = (text, ...parts) => h('a', {href: path(...parts)}, text);
function sign(level) {
  return h('span', {class: 'sign', 'data-level': level, role: 'img', 'aria-label': levels[level].word, title: levels[level].word}, levels[level].sign);
}
