'use strict';
// The operators' page. All that comes from the fleet is shown as text: nothing here makes HTML of it.

const main = document.getElementById('main');
let pageToken = document.querySelector('meta[name=page-token]').content;
let fleet = null; // the last overview
let page = null; // {name, id, update()}
let source = null; // where events come from
let heard = 0;
let held = null; // {since, latest}: what is shown is held since then, and what came after it
let hasKeys = remembered('flotilla.keys') !== 'off'; // whether single letters are shortcuts

/** What this browser remembers of its reader's choices; `null` where it may not. */
function remembered(name) { try { return localStorage.getItem(name); } catch (error) { return null; } }
/** Where it may not, a choice is good until the page is closed. */
function remember(name, value) { try { localStorage.setItem(name, value); } catch (error) { /* as said */ } }

/** An element: `h('td', {class: 'n'}, 'text', child)`. */
function h(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? '' : value);
  }
  element.append(...children.flat().filter(child => child !== null && child !== undefined && child !== ''));
  return element;
}

/** The same of a drawing. */
function s(name, attributes, ...children) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes || {})) if (value !== undefined && value !== null) element.setAttribute(key, value);
  element.append(...children.flat());
  return element;
}

function set(element, text) { if (element.textContent !== text) element.textContent = text; }
function mark(element, name, value) {
  if (value === null || value === undefined) element.removeAttribute(name);
  else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
}
function say(text) { document.getElementById('said').textContent = text; }
