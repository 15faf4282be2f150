// Reviews pairs by keyboard and mouse. A decision is saved by the server before the next pair is shown.
import { List } from "./list.js";
import { $, drawEditor, drawPair, drawSource, drawStatus, el, fillChoices, selectedText, t } from "./view.js";

const filter = $("filter"), pairBox = $("pair"), sourceBox = $("source");
const now = { old: [], pair: null, place: -1, editor: null, busy: false, selected: "", turn: 0 };
const list = new List($("list"), $("track"), (positions) => call(`/api/rows?positions=${positions}`), (place) => pick(place));

function say(words, isProblem = false) {
  $("said").textContent = words;
  $("said").className = isProblem ? "problem" : "";
}

/** Asks the server, and says what is wrong where there is something; a refused edit has the `field` that is wrong. */
async function call(path, body) {
  const post = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  let value;
  try {
    const answer = await fetch(path, body === undefined ? {} : post);
    if (!answer.ok) throw new Error(answer.status);
    value = await answer.json();
  } catch {
    say(t("failed"), true);
    throw new Error(path);
  }
  if (value.problem && !value.field) {
    say(value.problem, true);
    throw new Error(value.problem);
  }
  return value;
}

/** Lists the pairs that the filters let through; the pair that is shown stays where it is among them. */
async function relist() {
  const wanted = new URLSearchParams([...new FormData(filter)].filter(([, value]) => value));
  const turn = ++now.turn;
  const { positions, groups } = await call(`/api/list?${wanted}`);
  if (turn !== now.turn) return;
  list.show(positions, groups);
  $("shown").textContent = positions.length ? t("shown", { count: positions.length }) : t("nothing");
  const place = now.pair ? positions.indexOf(now.pair.position) : -1;
  now.place = place;
  if (now.editor) return;
  if (positions.length) await show(Math.max(place, 0), false);
  else clear();
}

function clear() {
  Object.assign(now, { pair: null, place: -1 });
  pairBox.replaceChildren(el("p", { className: "quiet", textContent: t("nothing") }));
  sourceBox.replaceChildren();
  document.body.classList.remove("open");
}

async function show(place, opens = true) {
  if (place < 0 || place >= list.positions.length) return;
  const turn = ++now.turn;
  const pair = await call(`/api/pairs/${list.positions[place]}`);
  if (turn !== now.turn || (now.editor && !now.busy)) return; // somebody has gone on, or begun to edit, meanwhile
  list.select(place);
  draw(pair, place);
  if (opens) document.body.classList.add("open");
}

/** Says that somebody else has decided about the pair, and shows how; what is in the editor stays in it. */
function drawMeanwhile({ pair, status, meanwhile }) {
  drawStatus(status);
  list.replace(pair);
  if (now.editor) {
    now.pair = pair;
    complain(meanwhile, "answer");
  } else {
    const place = list.positions.indexOf(pair.position);
    if (place >= 0) list.select(place);
    draw(pair, place >= 0 ? place : now.place);
  }
  say(meanwhile, true);
}

/** While a pair is edited only its editor decides about it. */
function allowActions(allowed) {
  for (const button of document.querySelectorAll("#actions button")) button.disabled = !allowed;
}

/** Shows the row that was clicked, unless an edit would be lost by it. */
function pick(place) {
  if (now.editor) complain(t("editing"), "answer");
  else show(place);
}

function draw(pair, place) {
  Object.assign(now, { pair, place, editor: null, selected: "" });
  allowActions(true);
  drawPair(pairBox, pair);
  drawSource(sourceBox, pair);
  pairBox.scrollTop = 0;
  document.querySelector("main").scrollTop = 0;
}

async function decide(choice, more = {}) {
  const answer = await call(`/api/pairs/${now.pair.position}`, { choice, seen: now.pair.seen, ...more });
  if (answer.problem) return answer;
  if (answer.meanwhile) {
    drawMeanwhile(answer);
    return {};
  }
  drawStatus(answer.status);
  list.replace(answer.pair);
  say(t("saved", { state: t(answer.pair.state) }));
  if (now.place + 1 < list.positions.length) await show(now.place + 1);
  else {
    draw(answer.pair, now.place);
    say(`${$("said").textContent} ${t("last")}`);
  }
  $("list").focus({ preventScroll: true });
  return answer;
}

async function withdraw() {
  const answer = await call(`/api/pairs/${now.pair.position}/withdraw`, { seen: now.pair.seen });
  if (answer.meanwhile) return drawMeanwhile(answer);
  const { pair, status } = answer;
  drawStatus(status);
  list.replace(pair);
  draw(pair, now.place);
  return say(t("saved", { state: t(pair.state) }));
}

async function undo() {
  const answer = await call("/api/undo", {});
  if (answer.meanwhile) return drawMeanwhile(answer);
  const { pair, status } = answer;
  if (!pair) return say(t("nothing_to_undo"));
  drawStatus(status);
  list.replace(pair);
  const place = list.positions.indexOf(pair.position);
  if (place >= 0) await show(place);
  else draw(pair, now.place);
  return say(t("undone"));
}

async function nextUndecided() {
  const wanted = new Set((await call("/api/list?state=undecided")).positions);
  const after = list.positions.findIndex((position, place) => place > now.place && wanted.has(position));
  const place = after >= 0 ? after : list.positions.findIndex((position) => wanted.has(position));
  return place >= 0 ? show(place) : say(t("none_left"));
}

function edit() {
  const leave = () => {
    draw(now.pair, now.place);
    $("list").focus({ preventScroll: true });
  };
  now.editor = drawEditor(pairBox, now.pair, { save: once(save), cancel: leave, useSelection });
  now.leave = leave;
  allowActions(false);
  now.editor.elements.answer.focus();
}

async function save() {
  const { question, answer, evidence } = now.editor.elements;
  const sent = { instruction: question.value, output: answer.value, evidence: evidence ? evidence.value : null };
  const { problem, field } = await decide("edit", sent);
  if (problem) complain(problem, field);
}

function complain(problem, field) {
  const { answer, evidence, question } = now.editor.elements;
  const wrong = field === "evidence" && evidence ? evidence : answer;
  for (const one of [question, answer, evidence]) one?.removeAttribute("aria-invalid");
  wrong.setAttribute("aria-invalid", "true");
  wrong.setAttribute("aria-describedby", "problem");
  $("problem").hidden = false;
  $("problem").textContent = problem;
  $("problem").scrollIntoView({ block: "nearest" });
  wrong.focus({ preventScroll: true });
}

function useSelection() {
  if (!now.selected) return complain(t("no_selection"), "evidence");
  now.editor.elements.evidence.value = now.selected;
  return now.editor.elements.evidence.focus();
}

function askReason() {
  $("why").querySelector("input").value = now.pair.decisions[0]?.reason ?? "";
  $("why").showModal();
}

/** Runs one action at a time: a key that comes while the next pair is on its way must not decide about it unseen. */
const once = (action) => async () => {
  if (now.busy) return;
  now.busy = true;
  try {
    await action();
  } catch (error) {
    if (!$("said").textContent) say(String(error), true);
  } finally {
    now.busy = false;
  }
};

const actions = {
  keep: once(() => now.pair && decide("keep")),
  edit: () => now.pair && !now.busy && edit(),
  reject: once(() => now.pair && decide("reject")),
  reason: () => now.pair && !now.busy && askReason(),
  undo: once(undo),
  withdraw: once(() => now.pair && withdraw()),
  next: once(() => show(now.place + 1)),
  previous: once(() => show(now.place - 1)),
  undecided: once(nextUndecided),
  back: () => {
    document.body.classList.remove("open");
    list.draw();
  },
  search: () => {
    document.body.classList.remove("open");
    filter.elements.query.focus();
  },
  help: () => $("help").showModal(),
};
const keys = {
  k: "keep", e: "edit", r: "reject", R: "reason", u: "undo", x: "withdraw", j: "next", ArrowDown: "next", p: "previous", ArrowUp: "previous",
  n: "undecided", "/": "search", "?": "help",
};
const decides = new Set(["keep", "reject", "undo", "withdraw"]);

/** Returns the key as a Latin keyboard has it, so that k is k while Hangul is typed. */
function latin(event) {
  if (/^[ -~]+$/.test(event.key) && event.key !== "Process") return event.key;
  const letter = /^Key([A-Z])$/.exec(event.code)?.[1] ?? { Slash: event.shiftKey ? "?" : "/" }[event.code] ?? event.key;
  return letter.length === 1 && !event.shiftKey ? letter.toLowerCase() : letter;
}

function pressed(event) {
  const typing = event.target.closest("input, select, textarea");
  if (now.editor && event.key === "Escape" && !document.querySelector("dialog[open]")) return now.leave();
  if (now.editor && event.key === "Enter" && (event.ctrlKey || event.metaKey)) return now.editor.requestSubmit();
  if (typing && event.key === "Escape" && !document.querySelector("dialog[open]")) return $("list").focus();
  if (typing || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return null;
  const name = keys[latin(event)];
  const scrolls = event.key.startsWith("Arrow") && event.target.closest("#pair, #source");
  if (!name || scrolls || (event.repeat && decides.has(name)) || (now.editor && name !== "help")) return null;
  event.preventDefault();
  return actions[name]();
}

let waiting;
filter.addEventListener("submit", (event) => event.preventDefault());
filter.addEventListener("reset", () => setTimeout(relist));
filter.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(relist, 150);
});
document.addEventListener("keydown", pressed);
document.addEventListener("selectionchange", () => {
  const words = selectedText(sourceBox);
  if (words) now.selected = words;
});
$("actions").addEventListener("click", (event) => {
  const name = event.target.closest("button")?.dataset.do;
  if (name) actions[name]();
});
$("ask-help").addEventListener("click", actions.help);
for (const button of document.querySelectorAll("[data-close]")) button.addEventListener("click", () => button.closest("dialog").close());
$("why").addEventListener("submit", (event) => {
  event.preventDefault();
  $("why").close();
  once(() => decide("reject", { reason: event.target.elements.reason.value }))();
});
$("stale").addEventListener("click", async () => {
  const old = await call("/api/stale");
  now.old = old.map((one) => one.mark);
  $("old-title").textContent = t("stale", { count: old.length });
  const line = (one) => `${one.document}: ${one.question} – ${[t("decided_by", { state: t(one.decision), name: one.reviewer }), one.reason, ...one.texts].filter(Boolean).join(": ")}`;
  $("old-list").replaceChildren(...old.map((one) => el("li", { className: "text", textContent: line(one) })));
  $("old").showModal();
});
$("remove").addEventListener("click", async () => {
  drawStatus((await call("/api/stale", { marks: now.old })).status);
  $("old").close();
});

const status = await call("/api/status");
fillChoices(status.choices);
drawStatus(status);
await relist();
$("list").focus({ preventScroll: true });
if (!matchMedia("(max-width: 44rem)").matches && now.pair?.state !== "undecided" && list.positions.length) await nextUndecided();
