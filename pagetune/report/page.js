"use strict";
// Filters the answers. It only writes fixed texts and numbers, nothing that it reads from the page.
const form = document.getElementById("filter");
const [query, set, moved] = ["query", "set", "moved"].map((id) => document.getElementById(id));
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
  document.getElementById("count").textContent = `${shown} of ${cases.length} shown`;
  document.getElementById("nothing").hidden = shown > 0;
}

form.addEventListener("input", filter);
form.addEventListener("submit", (event) => event.preventDefault());
form.hidden = false;
// After "back" a browser keeps what was typed.
filter();
