// A table whose figures change: its rows stay, and only what differs is touched.
import { element, setAttribute, setText } from './dom.js';

export class Table {
  #body = element('tbody');

  // columns: [name, explanation] for each, or none.
  constructor(columns, name = '') {
    this.table = element('table', { class: name });
    if (columns) {
      const cells = columns.map(([text, title]) => (text ? element('th', { scope: 'col', title }, text) : element('td')));
      this.table.append(element('thead', {}, element('tr', {}, ...cells)));
    }
    this.table.append(this.#body);
  }

  // Shows rows of {cells, title, shape, off, wide, bad, note}: shape stands before the first cell, wide is how many columns
  // the second one takes, bad marks the last one, note makes the last one text.
  show(rows) {
    const body = this.#body;
    while (body.rows.length > rows.length) body.lastChild.remove();
    rows.forEach((row, i) => {
      let line = body.rows[i];
      if (!line || line.cells.length !== row.cells.length) {
        const made = element('tr', {}, element('th', { scope: 'row' }), ...row.cells.slice(1).map(() => element('td')));
        if (row.shape) made.firstChild.append(element('span', { class: 'shape' }), '');
        if (line) line.replaceWith(made);
        else body.append(made);
        line = made;
      }
      fill(line, row);
    });
  }
}

function fill(line, row) {
  if (row.title) setAttribute(line, 'title', row.title);
  line.classList.toggle('off', Boolean(row.off));
  row.cells.forEach((text, n) => {
    const cell = line.cells[n];
    if (n === 0 && row.shape) {
      setAttribute(cell.firstChild, 'data-shape', row.shape);
      if (cell.lastChild.data !== text) cell.lastChild.data = text;
      return;
    }
    setText(cell, text);
    if (row.wide) setAttribute(cell, 'colspan', row.wide);
  });
  line.lastChild.classList.toggle('text', Boolean(row.note || row.wide));
  line.lastChild.classList.toggle('bad', Boolean(row.bad));
}
