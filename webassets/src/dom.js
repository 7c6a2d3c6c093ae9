// What all parts of the page do to elements: find them, make them, and change what has changed.

const known = globalThis.document && Object.fromEntries([...document.querySelectorAll('[id]')].map((node) => [node.id, node]));

// The element that the page began with under that id, wherever it stands now: the picture can be in a window of its own.
export const $ = (id) => known[id];

// element('td', {class: 'note', colspan: 5}, 'text', child)
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

// Touching text that stays the same would make screen readers say it again.
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function setAttribute(node, name, value) {
  if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value);
}

// Makes a list show texts, touching only what differs.
export function showList(list, texts) {
  while (list.children.length > texts.length) list.lastChild.remove();
  texts.forEach((text, i) => {
    if (!list.children[i]) list.append(element('li'));
    setText(list.children[i], text);
  });
}
