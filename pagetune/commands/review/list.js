// The list of pairs, which draws only the rows that are visible: twenty thousand open as fast as ten.
import { el, stateMark } from "./view.js";

const ROW = 88, GROUP = 32, CHUNK = 100; // heights as in page.css; rows that are asked for at once

export class List {
  /** `load(positions)` returns their rows, `pick(place)` is called for the row that is clicked. */
  constructor(box, track, load, pick) {
    Object.assign(this, { box, track, load, positions: [], groups: [], rows: new Map(), place: -1 });
    box.addEventListener("scroll", () => this.draw());
    new ResizeObserver(() => this.draw()).observe(box);
    track.addEventListener("click", (event) => {
      const row = event.target.closest(".row");
      if (row) pick(Number(row.dataset.place));
    });
  }

  /** Shows the pairs at `positions`; `groups` are documents with the place of their first pair. */
  show(positions, groups) {
    Object.assign(this, { positions, groups, place: -1 });
    this.rows.clear();
    this.box.scrollTop = 0;
    this.track.style.height = `${positions.length * ROW + groups.length * GROUP}px`;
    this.draw();
  }

  replace(row) {
    this.rows.set(row.position, row);
    this.draw();
  }

  select(place) {
    this.place = place;
    const top = this.top(place) - (this.groups.some(([, first]) => first === place) ? GROUP : 0);
    const low = this.top(place) + ROW - this.box.clientHeight;
    if (top < this.box.scrollTop) this.box.scrollTop = top;
    if (low > this.box.scrollTop) this.box.scrollTop = low;
    this.draw();
  }

  /** Returns the index of the group that a place is in. */
  group(place) {
    let low = 0, high = this.groups.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (this.groups[middle][1] <= place) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  top(place) {
    return place * ROW + (this.group(place) + 1) * GROUP;
  }

  draw() {
    const { scrollTop, clientHeight } = this.box;
    let low = 0, high = this.positions.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.top(middle) + ROW < scrollTop) low = middle + 1;
      else high = middle;
    }
    const drawn = [];
    for (let place = low; place < this.positions.length && this.top(place) < scrollTop + clientHeight + GROUP; place++) {
      const group = this.group(place);
      if (this.groups[group][1] === place) drawn.push(this.title(group));
      drawn.push(this.row(place));
    }
    this.track.replaceChildren(...drawn);
    if (this.place >= 0 && this.place < this.positions.length) this.box.setAttribute("aria-activedescendant", `row-${this.place}`);
    else this.box.removeAttribute("aria-activedescendant");
  }

  title(group) {
    const [name, first] = this.groups[group];
    const made = el("div", { className: "group", role: "presentation", textContent: name, title: name });
    made.style.top = `${this.top(first) - GROUP}px`;
    return made;
  }

  row(place) {
    const row = this.rows.get(this.positions[place]);
    if (!row) this.fetch(place);
    const made = el("div", { className: "row", id: `row-${place}`, role: "option" });
    made.dataset.place = place;
    made.setAttribute("aria-selected", place === this.place);
    made.setAttribute("aria-setsize", this.positions.length);
    made.setAttribute("aria-posinset", place + 1);
    made.style.top = `${this.top(place)}px`;
    if (row) made.append(el("div", { className: "question", textContent: row.question }), meta(row));
    return made;
  }

  async fetch(place) {
    const start = place - (place % CHUNK);
    const wanted = this.positions.slice(start, start + CHUNK);
    const asked = this.positions;
    if (this.asking?.has(start) && this.askedFor === asked) return;
    if (this.askedFor !== asked) Object.assign(this, { asking: new Set(), askedFor: asked });
    this.asking.add(start);
    for (const row of await this.load(wanted)) if (!this.rows.has(row.position)) this.rows.set(row.position, row);
    if (this.positions === asked) this.draw();
  }
}

function meta(row) {
  const parts = [
    stateMark(row.state),
    row.page === null ? null : el("span", { textContent: `p. ${row.page}` }),
    el("span", { textContent: row.kind }),
    row.grade === null ? null : el("span", { textContent: row.grade }),
    row.curate === null ? null : el("span", { className: "curate", textContent: row.curate }),
  ];
  return el("div", { className: "meta" }, ...parts);
}
