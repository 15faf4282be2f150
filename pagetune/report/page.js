"use strict";
// Filters the answers, and says which tables are wider than the page. It only writes the page's own texts and numbers.
const form = document.getElementById("filter");
const [query, set, moved] = ["query", "set", "moved"].map((id) => document.getElementById(id));
const count = document.getElementById("count");
const folded = (text) => text.normalize("NFC").toLowerCase();
const cases = [...document.querySelectorAll("#cases > .case")].map((element) => ({
  element,
  text: folded([...element.querySelectorAll(".text")].map((part) => part.textContent).join("\n")),
}));

function filter() {
  const words = folded(query.value).split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const { element, text } of cases) {
    const matches =
      words.every((word) => text.includes(word)) &&
      (!set.value || element.dataset.set === set.value) &&
      (!moved.value || element.dataset.moved === moved.value);
    element.hidden = !matches;
    shown += matches;
  }
  count.textContent = count.dataset.form.replace("#", shown);
  document.getElementById("nothing").hidden = shown > 0;
}

form.addEventListener("input", filter);
form.addEventListener("submit", (event) => event.preventDefault());
form.hidden = false;
// After "back" a browser keeps what was typed.
filter();

// A table that is wider than its place says so above it, and shadows its edge.
const tables = [...document.querySelectorAll(".scroll")];
const measure = () => tables.forEach((table) => table.classList.toggle("wide", table.scrollWidth > table.clientWidth + 1));
const watch = new ResizeObserver(measure);
tables.forEach((table) => watch.observe(table));

// Paper shows what is folded, and leaves it folded afterwards.
let opened = [];
window.addEventListener("beforeprint", () => {
  opened = [...document.querySelectorAll("details:not([open])")];
  opened.forEach((folded) => (folded.open = true));
});
window.addEventListener("afterprint", () => opened.forEach((folded) => (folded.open = false)));
