// The little that a page cannot do by itself: no framework, no inline handlers.
"use strict";

// Every request of htmx says for which identity its page was drawn, with this browser's present token.
document.addEventListener("htmx:configRequest", (event) => {
  const membership = document.body.dataset.membership;
  if (membership) event.detail.headers["X-Membership"] = membership;
  const token = document.cookie.match(/(?:^|; )office_form=([^;]+)/);
  if (token) event.detail.headers["X-CSRFToken"] = token[1];
  if (token && "csrfmiddlewaretoken" in event.detail.parameters) event.detail.parameters.csrfmiddlewaretoken = token[1];
  if (event.detail.elt.dataset.poll !== undefined) event.detail.headers["X-Poll"] = "1";
});

// A session that is over: the page stays as it is, with what was typed.
document.addEventListener("htmx:responseError", (event) => {
  if (event.detail.xhr.status === 401) document.getElementById("expired").hidden = false;
});
document.addEventListener("htmx:sendError", () => { document.getElementById("offline").hidden = false; });
document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.successful) for (const id of ["expired", "offline"]) document.getElementById(id).hidden = true;
});

// What a page waited for has come to its end: it comes anew, unless somebody is writing on it or has just sent a form.
const changed = (field) => {
  if (field.type === "hidden") return false;
  if (field.type === "file") return field.files.length > 0;
  if (/^(checkbox|radio)$/.test(field.type)) return field.checked !== field.defaultChecked;
  if (field.tagName !== "SELECT") return field.value !== field.defaultValue;
  return field.selectedIndex !== Math.max([...field.options].findIndex((one) => one.defaultSelected), 0);
};
const writing = () => {
  const fields = [...document.querySelectorAll("main :is(input, textarea, select)")];
  const returned = document.querySelector("main [data-returned]") !== null;
  return returned || document.querySelector("form[data-sent]") !== null
    || fields.some((field) => field === document.activeElement || changed(field));
};
document.addEventListener("came-to-end", (event) => {
  if (!writing()) { window.location.reload(); return; }
  const bar = document.getElementById("changed");
  bar.querySelector("a").href = event.target.closest("[data-page]")?.dataset.page || window.location.href;
  bar.hidden = false;
});

// A form is sent once.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.sent) { event.preventDefault(); return; }
  if (form.method === "post" && !form.hasAttribute("hx-post") && !form.dataset.again) {
    form.dataset.sent = "1";
    window.setTimeout(() => { delete form.dataset.sent; }, 5000);
  }
});

document.addEventListener("change", (event) => {
  if (event.target.dataset.submits !== undefined) event.target.form.requestSubmit();
});
// One box ticks all boxes of its form.
document.addEventListener("change", (event) => {
  if (event.target.dataset.ticks === undefined) return;
  for (const box of event.target.form.querySelectorAll("input[name=case]")) box.checked = event.target.checked;
});
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) window.print();
});
// "/" goes to the search field, as elsewhere.
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && !/^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName)) {
    const field = document.querySelector("input[type=search]");
    if (field) { event.preventDefault(); field.focus(); }
  }
});

// A file dropped anywhere on its field is as good as one that was chosen.
for (const place of document.querySelectorAll("[data-drop]")) {
  const field = place.querySelector("input[type=file]");
  for (const name of ["dragover", "dragleave", "drop"]) {
    place.addEventListener(name, (event) => {
      event.preventDefault();
      place.classList.toggle("over", name === "dragover");
      if (name === "drop" && event.dataTransfer.files.length) field.files = event.dataTransfer.files;
    });
  }
}

// Charts: the data lie beside them in a script of type application/json.
for (const place of document.querySelectorAll("[data-chart]")) {
  const said = JSON.parse(place.parentElement.querySelector('script[type="application/json"]').textContent);
  window.Plotly.newPlot(place, said.data, said.layout, { displaylogo: false, responsive: true, displayModeBar: false });
}

// What scrolls sideways can be reached by the keyboard.
for (const box of document.querySelectorAll(".table-box")) {
  if (box.scrollWidth > box.clientWidth) { box.tabIndex = 0; box.setAttribute("role", "region"); box.setAttribute("aria-label", document.title); }
}
