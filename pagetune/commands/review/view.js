// Draws a pair and its page. Documents' texts only become text nodes, never HTML.
const texts = JSON.parse(document.documentElement.dataset.texts);

export const $ = (id) => document.getElementById(id);
export const t = (name, values = {}) =>
  Object.entries(values).reduce((text, [key, value]) => text.replaceAll(`{${key}}`, () => value), texts[name]);

export function el(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in made) made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

export function drawStatus({ all, counts, stale }) {
  const done = all - counts.undecided - counts.conflict;
  $("bar").max = all || 1;
  $("bar").value = done;
  $("done").textContent = t("progress", { done, all });
  const named = ["keep", "edit", "reject", "conflict"].filter((name) => counts[name]);
  $("counts").textContent = named.map((name) => `${t(name)} ${counts[name]}`).join(" · ");
  $("stale").hidden = !stale;
  $("stale").textContent = t("stale", { count: stale });
}

export function fillChoices(choices) {
  for (const [name, counts] of Object.entries(choices)) {
    for (const [value, count] of Object.entries(counts)) {
      $("filter").elements[name].append(el("option", { value, textContent: `${value} (${count})` }));
    }
  }
}

const heading = (name) => el("h3", { textContent: t(name) });
const text = (words, tag = "p") => el(tag, { className: "text", textContent: words });
export const stateMark = (state) => el("span", { className: `state ${state}`, textContent: t(state) });

function facts(pair) {
  const parts = [
    el("span", { textContent: pair.page === null ? pair.document : t("page", pair) }),
    el("span", { textContent: pair.kind }),
    pair.grade === null ? null : el("span", { textContent: `${t("grade")} ${pair.grade}` }),
    pair.splits.length ? el("span", { textContent: t("in_splits", { splits: pair.splits.join(", ") }) }) : null,
  ];
  return el("div", { className: "facts" }, ...parts);
}

function curateNote(pair) {
  if (pair.curate === null) return null;
  const why = pair.detail ? `${pair.curate} (${pair.detail})` : pair.curate;
  return el("p", { className: "curate text", textContent: t("rejected_by", { reason: why }) });
}

function decisions(pair) {
  if (!pair.decisions.length) return el("p", {}, stateMark("undecided"));
  const lines = pair.decisions.map((one) => {
    const said = [t("decided_by", { state: t(one.decision), name: one.reviewer }), one.reason, ...(pair.state === "conflict" ? one.texts : [])];
    return el("p", {}, el("span", { className: `state text ${one.decision}`, textContent: said.filter(Boolean).join(": ") }));
  });
  const note = pair.state === "conflict" ? el("p", { className: "state conflict", textContent: t("conflict_note") }) : null;
  return el("div", {}, note, ...lines);
}

const before = (pair, name) =>
  pair.before[name] === undefined ? null : el("del", { className: "text", textContent: t("before", { text: pair.before[name] }) });

/** Draws the texts of an edit that is not proved, and why it is not. */
function unproven(pair) {
  if (pair.unproven === null) return null;
  const changed = ["question", "answer", "evidence"].filter((name) => pair.unproven[name] !== (pair[name] ?? ""));
  const lines = changed.map((name) => el("p", { className: "text", textContent: `${t(name)}: ${pair.unproven[name]}` }));
  return el("div", { id: "unproven" }, el("p", { className: "problem", textContent: t("unproven_note", { why: pair.unproven.why }) }), ...lines);
}

const turns = (pair) =>
  pair.turns.map((turn) => el("p", { className: "text quiet", textContent: `${t(turn.role)}: ${turn.content}` }));

/** Draws the evidence of a comparison's second passage, which may be from another page. */
function second({ document, second: found }) {
  if (found === null) return [];
  const where = t("page", { document, page: found.page });
  return [el("p", { className: "quiet", textContent: where }), text(found.text, "blockquote")];
}

export function drawPair(box, pair) {
  const evidence = pair.evidence === null ? [] : [heading("evidence"), before(pair, "evidence"), text(pair.evidence, "blockquote")];
  const others = pair.references.length ? [heading("references"), ...pair.references.map((one) => text(one))] : [];
  box.replaceChildren(
    ...[facts(pair), curateNote(pair), decisions(pair), unproven(pair), heading("question"), ...turns(pair), before(pair, "question"),
      el("p", { className: "question text", textContent: pair.question }), heading("answer"), before(pair, "answer"),
      text(pair.answer), ...others, ...evidence, ...second(pair)].filter((part) => part !== null),
  );
}

const field = (name, value, rows) =>
  el("label", { textContent: t(name) }, el("textarea", { name, value, rows, spellcheck: false }));

/** Draws the editor, with the handlers `save`, `cancel` and `useSelection`, and returns its form. */
export function drawEditor(box, pair, { save, cancel, useSelection }) {
  const button = (name, does) => el("button", { type: "button", textContent: t(name), onclick: does });
  const lines = (words) => Math.min(12, Math.max(2, Math.ceil(words.length / 45)));
  const onPage = pair.source !== null;
  const filled = pair.unproven ?? pair;
  const form = el(
    "form", { id: "editor" }, facts(pair), ...turns(pair),
    field("question", filled.question, lines(filled.question)),
    field("answer", filled.answer, lines(filled.answer)),
    onPage ? field("evidence", filled.evidence ?? "", lines(filled.evidence ?? "")) : null,
    onPage ? el("div", { className: "buttons" }, button("use_selection", useSelection)) : null,
    el("p", { className: "quiet", textContent: t(pair.page === null ? "no_page" : "proved") }),
    el("p", { className: "problem", id: "problem", role: "alert", hidden: true }),
    el("div", { className: "buttons" },
      el("button", { type: "submit", className: "keep" }, `${t("save")} `, el("kbd", { textContent: "Ctrl+Enter" })),
      el("button", { type: "button", onclick: cancel }, `${t("cancel")} `, el("kbd", { textContent: "Esc" }))),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    save();
  });
  box.replaceChildren(form);
  return form;
}

function table({ caption, rows, row, cells }) {
  const drawn = rows.map((texts, index) => {
    const line = texts.map((words, cell) => el("td", { textContent: words, className: index === row && cells.includes(cell) ? "marked" : "" }));
    return el("tr", { className: index === row ? "marked" : "" }, ...line);
  });
  const title = caption ? el("caption", { textContent: caption }) : null;
  return el("div", { className: "scroll" }, el("table", {}, title, el("tbody", {}, ...drawn)));
}

export function drawSource(box, pair) {
  if (pair.source === null) {
    box.replaceChildren(el("p", { className: "quiet", textContent: pair.page === null ? t("no_page") : t("source") }));
    return;
  }
  const { text: words, mark, tables } = pair.source;
  const [start, end] = mark ?? [words.length, words.length];
  const letters = [...words]; // Python counts code points, JavaScript halves of some
  const part = (from, to) => letters.slice(from, to).join("");
  const marked = mark ? el("mark", { textContent: part(start, end) }) : null;
  const body = el("div", { className: "text" }, ...[part(0, start), marked, part(end)].filter((one) => one !== null));
  box.replaceChildren(el("h2", { textContent: t("page", pair) }), body, ...tables.map(table));
  const wide = matchMedia("(min-width: 44.01rem)").matches;
  const found = box.querySelector("mark, tr.marked");
  const height = (element) => element.getBoundingClientRect().top;
  if (wide) box.scrollTop = found ? box.scrollTop + height(found) - height(box) - box.clientHeight / 3 : 0;
  const cell = box.querySelector("td.marked");
  if (cell) cell.closest(".scroll").scrollLeft = cell.offsetLeft - 60;
}

/** Returns what is selected on the page, a row of a table with " | " between its cells, or "". */
export function selectedText(source) {
  const selection = getSelection();
  if (!selection.rangeCount || selection.isCollapsed) return "";
  const range = selection.getRangeAt(0);
  if (!source.contains(range.commonAncestorContainer)) return "";
  const cells = [...source.querySelectorAll("td")].filter((cell) => range.intersectsNode(cell));
  if (cells.length < 2) return selection.toString();
  const row = cells[0].parentElement;
  return cells.filter((cell) => cell.parentElement === row).map((cell) => cell.textContent).join(" | ");
}
